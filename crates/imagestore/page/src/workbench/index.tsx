import { useEffect, useMemo, useState } from "preact/hooks";
import imageIcon from "icon:image";
import { readInfo, type ImageInfo } from "../api";
import { location, navigate } from "../app/router";
import { Button, EmptyState, ErrorNote, ImagePicker } from "../parts";
import { read } from "./address";
import { AddressBar } from "./address-bar";
import { createBench, type Bench } from "./bench";
import { Facts } from "./facts";
import { onPicture } from "./on-picture";
import { Panel } from "./panel";
import { PlanOf } from "./plan";
import { PresetList } from "./preset-list";
import { Stage } from "./stage";
import { text } from "./text";

/** The workbench of one picture, or the choice of one. */
export default function Workbench({ id }: Record<string, string>) {
  return id ? <OfImage key={id} id={id} /> : <ChooseFirst />;
}

const goTo = (id: string) => navigate(`/ui/transform/${id}${window.location.search}`);

function ChooseFirst() {
  const [picking, pick] = useState(false);
  return (
    <div class="view">
      <EmptyState icon={imageIcon} title={text.choosePicture()} hint={text.choosePictureHint()} level={1}>
        <Button kind="primary" onClick={() => pick(true)}>
          {text.choosePicture()}
        </Button>
      </EmptyState>
      {picking && <ImagePicker title={text.choosePicture()} onClose={() => pick(false)} onPick={(image) => goTo(image.id)} />}
    </div>
  );
}

function OfImage({ id }: { id: string }) {
  const [image, setImage] = useState<ImageInfo | undefined>();
  const [error, fail] = useState<unknown>();
  useEffect(() => {
    const running = new AbortController();
    readInfo(id, running.signal).then(setImage, (reason: unknown) => running.signal.aborted || fail(reason));
    return () => running.abort();
  }, [id]);
  if (error) {
    return (
      <div class="view">
        <ErrorNote error={error}>
          <a class="button" href="/ui/transform">
            {text.otherPicture()}
          </a>
        </ErrorNote>
      </div>
    );
  }
  return image ? (
    <Playing image={image} />
  ) : (
    <p class="visually-hidden" role="status">
      {text.loading()}
    </p>
  );
}

function Playing({ image }: { image: ImageInfo }) {
  const bench = useMemo(() => createBench(image, read(`?${location.peek().query}`)?.values ?? {}), [image]);
  useEffect(() => {
    onPicture.value = undefined;
    return bench.start();
  }, [bench]);
  useOwnAddress(bench);
  const [picking, pick] = useState(false);
  const name = image.name ?? text.unnamed();
  const variants = [...new Set(image.variants.map(({ variant }) => variant))].filter((variant) => !variant.includes("="));
  return (
    <div class="workbench">
      <header class="wb-head">
        <h1>{text.titleOf({ name })}</h1>
        <div class="wb-head-actions">
          <Button onClick={() => pick(true)}>{text.otherPicture()}</Button>
          <a class="button" href={`/ui/compare/${image.id}`}>
            {text.compare()}
          </a>
          <a class="button" href={`/ui/image/${image.id}`}>
            {text.details()}
          </a>
        </div>
      </header>
      <div class="wb-main">
        <Stage bench={bench} />
        <Facts bench={bench} />
        <AddressBar bench={bench} />
        <PlanOf bench={bench} />
        <PresetList bench={bench} />
      </div>
      <Panel bench={bench} variants={variants} />
      {picking && (
        <ImagePicker
          title={text.choosePicture()}
          onClose={() => pick(false)}
          onPick={(picked) => {
            pick(false);
            goTo(picked.id);
          }}
        />
      )}
    </div>
  );
}

/** What is chosen stands in the page's own address, too, so that it can be kept and sent. */
function useOwnAddress(bench: Bench): void {
  const { query, format } = bench.wanted.value;
  useEffect(() => {
    const all = [query, format && `format=${format}`].filter(Boolean).join("&");
    navigate(`/ui/transform/${bench.image.id}${all && `?${all}`}`, { replace: true });
  }, [query, format]);
}
