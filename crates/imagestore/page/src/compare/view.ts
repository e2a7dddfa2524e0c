/** Which part of a picture a frame shows. One view serves both pictures, so that they move in step. */

export interface View {
  /** CSS pixels for each pixel of the picture. */
  readonly scale: number;
  /** The point of the picture, in its pixels, that stands in the middle of the frame. */
  readonly x: number;
  readonly y: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

const MOST_SCALE = 16;

/** The whole picture in the frame, never larger than its pixels. */
export function fitted(picture: Size, frame: Size): View {
  const scale = Math.min(frame.width / picture.width, frame.height / picture.height, 1);
  return { scale, x: picture.width / 2, y: picture.height / 2 };
}

/** The middle is kept where the frame shows no more emptiness than it has to. */
export function bounded(view: View, picture: Size, frame: Size): View {
  const along = (middle: number, length: number, room: number) => {
    const half = room / view.scale / 2;
    return half * 2 >= length ? length / 2 : Math.min(Math.max(middle, half), length - half);
  };
  return {
    scale: view.scale,
    x: along(view.x, picture.width, frame.width),
    y: along(view.y, picture.height, frame.height),
  };
}

/** Another scale around a point of the frame, given from its middle, which keeps showing what it showed. */
export function zoomed(view: View, scale: number, dx: number, dy: number, picture: Size, frame: Size): View {
  const least = Math.min(fitted(picture, frame).scale, 1);
  const next = Math.min(Math.max(scale, least), MOST_SCALE);
  return bounded({ scale: next, x: view.x + dx / view.scale - dx / next, y: view.y + dy / view.scale - dy / next }, picture, frame);
}

export function panned(view: View, dx: number, dy: number, picture: Size, frame: Size): View {
  return bounded({ scale: view.scale, x: view.x - dx / view.scale, y: view.y - dy / view.scale }, picture, frame);
}

/** Where the picture's top left corner stands in the frame, and how large it is drawn. */
export function placed(view: View, picture: Size, frame: Size): { left: number; top: number; width: number; height: number } {
  return {
    left: frame.width / 2 - view.x * view.scale,
    top: frame.height / 2 - view.y * view.scale,
    width: picture.width * view.scale,
    height: picture.height * view.scale,
  };
}
