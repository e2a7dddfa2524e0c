import { signal } from "@preact/signals";
import { listAlbumImages } from "./albums";
import type { Images, ListedImage } from "./documents";
import { get } from "./http";
import { listImages, type ImageFilter, type ImageOrder } from "./images";

/** What a listing shows: the images of an album, those that can come back, or all that fit a filter. */
export type Listed = { album: string } | { deleted: true } | { filter: ImageFilter & ImageOrder };

/** Some images that stand beside each other, all of one month where the listing goes by date. */
export interface Bucket {
  month?: string;
  count: number;
  cursor?: string;
  images?: ListedImage[];
}

interface Outline {
  buckets: { month?: string; count: number; cursor: string | null }[];
  cursor: string | null;
}

/** Images in a bucket: what one request brings. */
const STEP = 200;
/** Images that the first request brings: about as many as a window shows. The others of their bucket are not waited for. */
const FIRST = 48;
/** Buckets whose records are kept: beyond that those go that were looked at the longest ago. */
const KEPT = 30;

/**
 * A list of any length, of which only the part that is looked at is in memory. Images are found by their place, from 0 on; what
 * is not loaded yet is `undefined`. Readers of `version` are told when something changed.
 */
export class Listing {
  readonly version = signal(0);
  readonly error = signal<unknown>(undefined);
  /** Whether it is known how many images there are. */
  readonly ready = signal(false);
  buckets: Bucket[] = [];
  total = 0;

  private starts: number[] = [];
  private loading = new Map<Bucket, Promise<void>>();
  private lately: Bucket[] = [];
  /** Where the next page begins, of a list that tells its length only by its end. */
  private next: string | null = null;
  private running = new AbortController();

  constructor(readonly scope: Listed) {
    void this.open();
  }

  at(index: number): ListedImage | undefined {
    const place = this.placeOf(index);
    return this.buckets[place]?.images?.[index - (this.starts[place] ?? 0)];
  }

  /** The place of an image that is loaded, or -1. */
  indexOf(id: string): number {
    for (const [place, bucket] of this.buckets.entries()) {
      const within = bucket.images?.findIndex((image) => image.id === id) ?? -1;
      if (within >= 0) return (this.starts[place] ?? 0) + within;
    }
    return -1;
  }

  /** Loads the images from `first` to `last`, as far as they are there, and resolves when they are. */
  async ensure(first: number, last: number): Promise<void> {
    if (this.next !== null && last >= this.total - 1) void this.more();
    const wanted: Promise<void>[] = [];
    for (let place = Math.max(0, this.placeOf(first)); place < this.buckets.length && (this.starts[place] ?? 0) <= last; place += 1) {
      wanted.push(this.load(this.buckets[place]!));
    }
    await Promise.all(wanted);
  }

  /** The ids from `first` to `last`, those among them that had to be loaded first. */
  async ids(first: number, last: number): Promise<string[]> {
    const found: string[] = [];
    for (let from = first; from <= last; from += STEP) {
      const to = Math.min(last, from + STEP - 1);
      await this.ensure(from, to);
      for (let index = from; index <= to; index += 1) {
        const image = this.at(index);
        if (image) found.push(image.id);
      }
    }
    return found;
  }

  drop(ids: ReadonlySet<string>): void {
    for (const bucket of this.buckets) {
      if (!bucket.images?.some(({ id }) => ids.has(id))) continue;
      bucket.images = bucket.images.filter(({ id }) => !ids.has(id));
      bucket.count = bucket.images.length;
    }
    this.changed();
  }

  replace(image: ListedImage): void {
    for (const { images } of this.buckets) {
      const within = images?.findIndex(({ id }) => id === image.id) ?? -1;
      if (images && within >= 0) {
        // Events do not tell the placeholder, which stays what it was as long as the picture does.
        images[within] = { ...image, thumbhash: image.thumbhash ?? images[within]?.thumbhash };
        return this.changed();
      }
    }
  }

  /** Asks anew what there is. What is loaded and still in its place is kept, so that nothing flickers. */
  async refresh(): Promise<void> {
    const known = new Map(this.buckets.map((bucket) => [`${bucket.cursor}|${bucket.count}|${bucket.month}`, bucket]));
    const first = this.buckets[0];
    await this.open((bucket) => {
      const same = known.get(`${bucket.cursor}|${bucket.count}|${bucket.month}`);
      return same && same !== first ? same : bucket;
    });
  }

  close(): void {
    this.running.abort();
  }

  private async open(keep: (bucket: Bucket) => Bucket = (bucket) => bucket): Promise<void> {
    try {
      if (!("filter" in this.scope)) return await this.restart();
      const buckets: Bucket[] = [];
      let cursor: string | null = null;
      do {
        const outline: Outline = await get<Outline>("/v1/images/timeline", { ...this.scope.filter, step: STEP, cursor }, this.running.signal);
        buckets.push(...outline.buckets.map(({ cursor: from, ...rest }) => keep({ ...rest, cursor: from ?? undefined })));
        cursor = outline.cursor;
      } while (cursor);
      // The first bucket has no cursor that would tell what was put in front of it.
      const first = buckets[0];
      if (this.ready.peek() && first) {
        first.images = await this.fetch(first);
        first.count = first.images.length;
      }
      this.buckets = buckets;
      this.settle();
    } catch (error) {
      this.fail(error);
    }
  }

  /** Loads a list that has no outline from its beginning, as far as it was loaded before. */
  private async restart(): Promise<void> {
    const buckets: Bucket[] = [];
    let count = 0;
    let cursor: string | null = null;
    do {
      const page: Images = await this.page(cursor ?? undefined);
      if (page.images.length > 0) buckets.push({ count: page.images.length, cursor: cursor ?? undefined, images: page.images });
      count += page.images.length;
      cursor = page.cursor ?? null;
    } while (cursor && count < this.total);
    this.buckets = buckets;
    this.next = cursor;
    this.settle();
  }

  private async more(): Promise<void> {
    const from = this.next;
    if (from === null) return;
    this.next = null;
    try {
      const page = await this.page(from);
      if (page.images.length > 0) this.buckets.push({ count: page.images.length, cursor: from, images: page.images });
      this.next = page.cursor ?? null;
      this.settle();
    } catch (error) {
      this.next = from;
      this.fail(error);
    }
  }

  private load(bucket: Bucket): Promise<void> {
    this.use(bucket);
    if (bucket.images) return Promise.resolve();
    const under = this.loading.get(bucket);
    if (under) return under;
    const work = (bucket.cursor === undefined ? this.fetchFirst(bucket) : this.fetch(bucket))
      .then((images) => {
        bucket.images = images;
        bucket.count = images.length;
        this.error.value = undefined;
        this.changed();
      })
      .catch((error: unknown) => this.fail(error))
      .finally(() => this.loading.delete(bucket));
    this.loading.set(bucket, work);
    return work;
  }

  /** Loads the beginning of the list, and leaves what is behind it to a bucket of its own. */
  private async fetchFirst(bucket: Bucket): Promise<ListedImage[]> {
    if (bucket.count <= FIRST) return this.fetch(bucket);
    const { images, cursor } = await this.page(undefined, FIRST);
    const place = this.buckets.indexOf(bucket);
    if (cursor && place >= 0) this.buckets.splice(place + 1, 0, { month: bucket.month, count: bucket.count - images.length, cursor });
    return images;
  }

  private async fetch(bucket: Bucket): Promise<ListedImage[]> {
    const images: ListedImage[] = [];
    let cursor: string | null | undefined = bucket.cursor;
    do {
      const page = await this.page(cursor ?? undefined, bucket.count - images.length);
      images.push(...page.images);
      cursor = page.cursor;
    } while (cursor && images.length < bucket.count);
    return images;
  }

  private page(cursor: string | undefined, limit = STEP) {
    const { signal: wanted } = this.running;
    if ("album" in this.scope) return listAlbumImages(this.scope.album, { limit, cursor, thumbhash: true }, wanted);
    if ("deleted" in this.scope) return listImages({ deleted: true, limit, cursor }, wanted);
    return listImages({ ...this.scope.filter, limit, cursor, thumbhash: true }, wanted);
  }

  /** Remembers that a bucket is looked at, and forgets the images of others when there are many. */
  private use(bucket: Bucket): void {
    if (!("filter" in this.scope)) return;
    this.lately = [bucket, ...this.lately.filter((other) => other !== bucket)];
    for (const old of this.lately.splice(KEPT)) old.images = undefined;
  }

  private placeOf(index: number): number {
    let low = 0;
    let high = this.starts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.starts[middle] ?? 0) <= index) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  private settle(): void {
    this.error.value = undefined;
    this.ready.value = true;
    this.changed();
  }

  private fail(error: unknown): void {
    if (!this.running.signal.aborted) this.error.value = error;
  }

  private changed(): void {
    let sum = 0;
    this.starts = this.buckets.map(({ count }) => {
      sum += count;
      return sum - count;
    });
    this.total = sum;
    this.version.value += 1;
  }
}

/** The listing that was looked at last: what is next and previous of an image goes by it. */
export const currentListing = signal<Listing | undefined>(undefined);

/** Shows a listing of `scope`: the one that is there already if it is of the same, brought up to date. */
export function openListing(scope: Listed): Listing {
  const present = currentListing.peek();
  if (present && JSON.stringify(present.scope) === JSON.stringify(scope)) {
    void present.refresh();
    return present;
  }
  present?.close();
  currentListing.value = new Listing(scope);
  return currentListing.value;
}
