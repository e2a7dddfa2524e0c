// What the store of the screenshots holds: ten photos, parts of them, and how long before the pictures are taken each was uploaded.
// docs/screenshots/README.md names the photographers, and so does the caption of each picture.

const BERASATEGI = "Photo: Aitzol Berasategi, CC BY 4.0";
const FREESPACE = "Photo: Trevor “Freespace”, CC BY 4.0";

/** Each photo with its file, and its parts: a part is `x, y, width, height` of the whole, from 0 to 1; without one it is the whole photo. */
export const photos = [
  {
    file: "seeding_by_Clements_Engelhardt.jpg",
    caption: "Photo: Clemens Engelhardt, CC0",
    tags: ["meadow", "evening"],
    pictures: [
      { name: "dandelions.jpg", days: 0.1, album: "Favourites" },
      { name: "one-dandelion.jpg", days: 11, part: [0.1, 0.04, 0.4, 0.62], format: "webp" },
      { name: "meadow-low-sun.jpg", days: 38, part: [0.45, 0, 0.55, 0.55] },
      { name: "seed-heads.jpg", days: 68, part: [0.52, 0.35, 0.48, 0.6], format: "avif" },
    ],
  },
  {
    file: "friends_by_Aitzol_Berasategi.jpg",
    caption: BERASATEGI,
    tags: ["dogs"],
    pictures: [
      { name: "two-friends.jpg", days: 1.2, part: [0.2, 0.16, 0.55, 0.52], album: "Dogs" },
      { name: "at-the-window.jpg", days: 14, album: "Dogs" },
      { name: "lookout.jpg", days: 41, part: [0.26, 0.2, 0.32, 0.2], album: "Dogs" },
      { name: "curls.jpg", days: 73, part: [0.42, 0.43, 0.3, 0.24], album: "Dogs", format: "webp" },
    ],
  },
  {
    file: "Picture_0B_by_freespace.jpg",
    caption: FREESPACE,
    tags: ["food", "red"],
    pictures: [
      { name: "fig.jpg", days: 2.3, album: "Favourites" },
      { name: "fig-close.jpg", days: 16, part: [0.38, 0.3, 0.36, 0.5], album: "Recipes" },
      { name: "bowl-rim.jpg", days: 46, part: [0.62, 0.1, 0.38, 0.85], album: "Recipes", format: "png" },
    ],
  },
  {
    file: "picosdeeuropa_by_Aitzol_Berasategi.jpg",
    caption: BERASATEGI,
    tags: ["mountains", "hike"],
    pictures: [
      { name: "picos-de-europa.jpg", days: 3.4, album: "Mountains" },
      { name: "snowfields.jpg", days: 9, part: [0.42, 0.15, 0.58, 0.5], album: "Mountains" },
      { name: "path-to-the-pass.jpg", days: 9.1, part: [0, 0.42, 0.52, 0.58], album: "Mountains" },
      { name: "cloud.jpg", days: 24, part: [0, 0.03, 0.55, 0.42], format: "webp" },
    ],
  },
  {
    file: "Picture_1A_by_freespace.jpg",
    caption: FREESPACE,
    tags: ["studio", "colour"],
    pictures: [
      { name: "brushes.jpg", days: 4.2, album: "Studio" },
      { name: "blue-brush.jpg", days: 17, part: [0, 0, 0.42, 0.75], album: "Studio" },
      { name: "pink-and-yellow.jpg", days: 23, part: [0.3, 0.18, 0.5, 0.55], album: "Studio", format: "png" },
    ],
  },
  {
    file: "life_by_Aitzol_Berasategi.jpg",
    caption: BERASATEGI,
    tags: ["forest", "water"],
    pictures: [
      { name: "mountain-stream.jpg", days: 5.6, album: "Favourites" },
      { name: "cascades.jpg", days: 12, part: [0.3, 0.32, 0.32, 0.66], album: "Walks" },
      { name: "boulders.jpg", days: 28, part: [0.55, 0.4, 0.45, 0.58], album: "Walks", format: "avif" },
      { name: "under-the-trees.jpg", days: 57.1, part: [0.3, 0, 0.5, 0.34], album: "Walks" },
    ],
  },
  {
    file: "Wine_by_Jakkub_Mede.jpg",
    caption: "Photo: Jakub Mede, CC BY 4.0",
    tags: ["home", "music"],
    pictures: [
      { name: "evening-with-music.jpg", days: 6.3, album: "Favourites" },
      { name: "drum.jpg", days: 19, part: [0.05, 0.44, 0.75, 0.48], album: "Studio" },
      { name: "bottle-and-glass.jpg", days: 82, part: [0.28, 0.08, 0.6, 0.4], album: "Recipes", format: "webp" },
    ],
  },
  {
    file: "sunset_by_Aitzol_Berasategi.jpg",
    caption: BERASATEGI,
    tags: ["mountains", "evening"],
    pictures: [
      { name: "last-light.jpg", days: 7.2, album: "Mountains" },
      { name: "sun-over-the-ridge.jpg", days: 20, part: [0.22, 0.12, 0.56, 0.44], album: "Favourites" },
      { name: "orientation-table.jpg", days: 85, part: [0.55, 0.58, 0.45, 0.42], album: "Mountains" },
    ],
  },
  {
    file: "aitzgorri_by_Aitzol_Berasategi.jpg",
    caption: BERASATEGI,
    tags: ["mountains", "autumn"],
    pictures: [
      { name: "autumn-below-the-peaks.jpg", days: 8.1, album: "Mountains" },
      { name: "larches.jpg", days: 21, part: [0, 0.2, 0.48, 0.44], album: "Walks", format: "avif" },
      { name: "ridge.jpg", days: 26, part: [0.3, 0.08, 0.65, 0.42], album: "Mountains" },
      { name: "edge-of-the-forest.jpg", days: 90, part: [0.6, 0.36, 0.4, 0.42] },
    ],
  },
  {
    file: "umang_by_Abhishek_Mudgal.jpg",
    caption: "Picture: Abhishek Mudgal, CC BY 4.0",
    tags: ["abstract", "colour"],
    pictures: [
      { name: "umang.jpg", days: 10, album: "Studio" },
      { name: "umang-detail.jpg", days: 25.5, part: [0.38, 0.25, 0.5, 0.6], format: "png" },
    ],
  },
];

/** Albums, the one that is listed first made last. */
export const albums = ["Walks", "Recipes", "Studio", "Dogs", "Mountains", "Favourites"];

/** Orders of smaller variants, in the order in which they are given. */
export const orders = [
  { name: "two-friends.jpg", target: "high", formats: "webp" },
  { name: "bowl-rim.jpg", target: "high", formats: "webp" },
  { name: "pink-and-yellow.jpg", target: "visually-lossless", formats: "webp,jpg" },
  { name: "cascades.jpg", max_bytes: 120_000, formats: "jpg" },
  { name: "fig-close.jpg", target: "medium", formats: "webp", transform: "w=800" },
  { name: "brushes.jpg", target: "high", formats: "webp,jpg" },
];
