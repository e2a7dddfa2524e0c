import { useEffect, useState } from "preact/hooks";
import { currentListing, listImages, type Image } from "../api";

export interface Neighbours {
  previous?: string;
  next?: string;
}

/** What stands before and after an image in the list that one came from, or by date where one came from elsewhere. */
export function useNeighbours(image: Image | undefined): Neighbours {
  const [found, setFound] = useState<Neighbours>({});
  const id = image?.id;
  useEffect(() => {
    if (!image) return;
    const running = new AbortController();
    setFound({});
    (inListing(image.id) ?? byDate(image, running.signal)).then((neighbours) => {
      if (!running.signal.aborted) setFound(neighbours);
    }, () => undefined);
    return () => running.abort();
  }, [id]);
  return found;
}

function inListing(id: string): Promise<Neighbours> | undefined {
  const listing = currentListing.peek();
  const index = listing?.indexOf(id) ?? -1;
  if (!listing || index < 0) return undefined;
  return listing.ensure(Math.max(0, index - 1), index + 1).then(() => ({
    previous: index > 0 ? listing.at(index - 1)?.id : undefined,
    next: listing.at(index + 1)?.id,
  }));
}

async function byDate({ id, created_at }: Image, signal: AbortSignal): Promise<Neighbours> {
  const [older, newer] = await Promise.all([
    listImages({ before: created_at, limit: 1 }, signal),
    listImages({ since: created_at, sort: "date", order: "asc", limit: 2 }, signal),
  ]);
  return { previous: newer.images.find((image) => image.id !== id)?.id, next: older.images[0]?.id };
}
