import type { ComponentChildren } from "preact";
import type { Camera, ImageInfo } from "../api";
import { CopyButton } from "../parts";
import { format, formatName } from "../text";
import { text } from "./text";

/** What is known of a picture. */
export function Facts({ image }: { image: ImageInfo }) {
  const animation = image.animated ? ` · ${text.animated({ count: image.frames ?? 0 })}` : "";
  return (
    <section class="detail-section">
      <h2>{text.facts()}</h2>
      <dl class="detail-facts">
        <Fact name={text.format()}>{formatName(image.format)}{animation}</Fact>
        <Fact name={text.size()}>{text.pixels({ width: image.width, height: image.height })}</Fact>
        <Fact name={text.file()}>{format.bytes(image.bytes)}</Fact>
        <Fact name={text.uploaded()}>{format.dateTime(image.created_at)}</Fact>
        {image.replaced_at && <Fact name={text.replaced()}>{format.dateTime(image.replaced_at)}</Fact>}
        <Fact name={text.bits()}>{image.bits}</Fact>
        {image.profile && <Fact name={text.profile()}>{image.profile}</Fact>}
        {image.has_alpha && <Fact name={text.transparent()}>{text.yes()}</Fact>}
        {image.exif && <CameraFacts camera={image.exif} />}
        {image.colours && image.colours.length > 0 && <Fact name={text.colours()}><Colours colours={image.colours} /></Fact>}
        <Fact name={text.id()}><Long value={image.id} /></Fact>
        <Fact name={text.digest()}><Long value={image.digest} /></Fact>
      </dl>
      {image.analysis === "pending" && <p class="detail-note">{text.notYetLooked()}</p>}
    </section>
  );
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return <div><dt>{name}</dt><dd>{children}</dd></div>;
}

function Long({ value }: { value: string }) {
  return <span class="detail-long"><code>{value}</code><CopyButton value={value} /></span>;
}

function Colours({ colours }: { colours: NonNullable<ImageInfo["colours"]> }) {
  return (
    <ul class="detail-colours">
      {colours.map(({ hex, share }) => <li key={hex} title={`${hex}, ${format.percent(share)}`}><span class="detail-colour" style={{ backgroundColor: hex.startsWith("#") ? hex : `#${hex}` }} /><span class="visually-hidden">{hex}, {format.percent(share)}</span></li>)}
    </ul>
  );
}

function CameraFacts({ camera }: { camera: Camera }) {
  const maker = [camera.make, camera.model].filter(Boolean).join(" ");
  const exposure = [
    camera.exposure_seconds && `${shutter(camera.exposure_seconds)} s`,
    camera.f_number && `ƒ/${format.number(camera.f_number, 1)}`,
    camera.iso && `ISO ${camera.iso}`,
    camera.focal_length_mm && `${format.number(camera.focal_length_mm, 1)} mm`,
  ].filter(Boolean);
  return (
    <>
      {maker && <Fact name={text.camera()}>{maker}</Fact>}
      {camera.lens && <Fact name={text.lens()}>{camera.lens}</Fact>}
      {camera.taken_at && <Fact name={text.taken()}>{taken(camera.taken_at)}</Fact>}
      {exposure.length > 0 && <Fact name={text.exposure()}>{exposure.join(" · ")}</Fact>}
      {camera.software && <Fact name={text.software()}>{camera.software}</Fact>}
      {camera.position && <Fact name={text.position()}>{format.number(camera.position.latitude, 5)}, {format.number(camera.position.longitude, 5)}</Fact>}
    </>
  );
}

/** Cameras note times in forms of their own; what cannot be read is shown as it is. */
const taken = (at: string) => (Number.isNaN(Date.parse(at)) ? at : format.dateTime(at));

const shutter = (seconds: number) => (seconds >= 0.3 ? format.number(seconds, 1) : `1/${Math.round(1 / seconds)}`);
