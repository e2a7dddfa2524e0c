import { useState } from "preact/hooks";
import check from "icon:check";
import film from "icon:film";
import { variantUrl, type ListedImage } from "../api";
import { Icon, placeholder } from "../parts";
import { format, formatName } from "../text";
import { text } from "./text";

/** Few sizes, so that everybody asks for the same variants, which are made once. */
const SIZES = [160, 256, 384, 512];

interface TileProps {
  image: ListedImage | undefined;
  index: number;
  size: number;
  active: boolean;
  selected: boolean;
  selecting: boolean;
  /** While the list flies past, pictures are not asked for. */
  hurried: boolean;
}

export function Tile({ image, index, size, active, selected, selecting, hurried }: TileProps) {
  const side = { width: `${size}px`, height: `${size}px` };
  if (!image) return <div class="tile tile-empty" role="gridcell" tabIndex={active ? 0 : -1} data-index={index} style={side} aria-label={text.loadingImage()} />;
  return (
    <div class={selected ? "tile tile-selected" : "tile"} role="gridcell" tabIndex={active ? 0 : -1} data-index={index} aria-selected={selected} aria-label={nameOf(image)} style={{ ...side, backgroundImage: placeholder(image.thumbhash) }}>
      {!hurried && <Picture key={`${image.id}${image.revision ?? 1}`} image={image} size={size} />}
      {image.animated && <span class="tile-badge"><Icon shapes={film} size={14} /></span>}
      <span class={selecting ? "tile-check tile-check-shown" : "tile-check"} data-check aria-hidden="true"><Icon shapes={check} size={16} /></span>
    </div>
  );
}

function Picture({ image, size }: { image: ListedImage; size: number }) {
  const [shown, show] = useState(false);
  const [broken, fail] = useState(false);
  if (broken) return <span class="tile-broken">{formatName(image.format)}</span>;
  const srcset = SIZES.map((side) => `${variantUrl(image, { w: side, h: side, fit: "cover", anim: image.animated ? 0 : undefined })} ${side}w`).join(", ");
  return <img class={shown ? "tile-picture tile-picture-shown" : "tile-picture"} srcset={srcset} sizes={`${size}px`} alt="" decoding="async" draggable={false} onLoad={() => show(true)} onError={() => fail(true)} />;
}

const nameOf = (image: ListedImage) =>
  text.tile({ name: image.name ?? text.unnamed(), size: `${image.width} × ${image.height}`, date: format.date(image.created_at) });
