import { useEffect, useMemo } from "preact/hooks";
import type { ImageInfo } from "../api";
import { location, navigate } from "../app/router";
import { ImageView } from "../parts";
import { read } from "./address";
import { AddressBar } from "./address-bar";
import { createBench, type Bench } from "./bench";
import { Facts } from "./facts";
import { onPicture } from "./on-picture";
import { Panel } from "./panel";
import { PlanOf } from "./plan";
import { PresetList } from "./preset-list";
import { ServicePresets } from "./service-presets";
import { Stage } from "./stage";
import { text } from "./text";

/** The workbench of one picture. Another picture gets the same parameters. */
export default function Workbench({ id }: Record<string, string>) {
  return (
    <ImageView
      id={id}
      class="workbench"
      title={(name) => text.titleOf({ name })}
      hint={text.choosePictureHint()}
      onPick={(picked) => navigate(`/ui/transform/${picked}${window.location.search}`)}
      links={(image) => (
        <>
          <a class="button" href={`/ui/compare/${image.id}`}>
            {text.compare()}
          </a>
          <a class="button" href={`/ui/image/${image.id}`}>
            {text.details()}
          </a>
        </>
      )}
    >
      {(image) => <Playing image={image} />}
    </ImageView>
  );
}

function Playing({ image }: { image: ImageInfo }) {
  const bench = useMemo(() => createBench(image, read(`?${location.peek().query}`)?.values ?? {}), [image]);
  useEffect(() => {
    onPicture.value = undefined;
    return bench.start();
  }, [bench]);
  useOwnAddress(bench);
  return (
    <>
      <div class="wb-main">
        <Stage bench={bench} />
        <Facts bench={bench} />
        <AddressBar bench={bench} />
        <PlanOf bench={bench} />
        <ServicePresets bench={bench} />
        <PresetList bench={bench} />
      </div>
      <Panel bench={bench} variants={namedVariants(image)} />
    </>
  );
}

/** The others are called by their parameters. */
const namedVariants = (image: ImageInfo) => [...new Set(image.variants.map(({ variant }) => variant))].filter((variant) => !variant.includes("="));

/** What is chosen stands in the page's own address, too, so that it can be kept and sent. */
function useOwnAddress(bench: Bench): void {
  const { query, format } = bench.wanted.value;
  useEffect(() => {
    const all = [query, format && `format=${format}`].filter(Boolean).join("&");
    navigate(`/ui/transform/${bench.image.id}${all && `?${all}`}`, { replace: true });
  }, [query, format]);
}
