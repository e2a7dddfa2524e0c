// The documents of the service, as its description at /openapi.json has them.

export type Visibility = "private" | "unlisted" | "public";
export type Format = "jpg" | "png" | "gif" | "webp" | "bmp" | "tiff" | "avif" | "ico" | "qoi" | "pnm" | "hdr" | "exr" | "jxl" | "heic" | "svg";
export type OutputFormat = "jpg" | "png" | "webp" | "avif" | "gif" | "bmp" | "tiff" | "qoi" | "jxl";
export type Scope = "read" | "write" | "delete" | "admin" | "service";

/** A page of a list: `cursor` of one is where the next begins, and nothing on the last. */
export interface Paged {
  cursor?: string | null;
}

export interface Image {
  id: string;
  owner?: string | null;
  visibility?: Visibility;
  format: Format;
  media_type: string;
  width: number;
  height: number;
  bytes: number;
  digest: string;
  animated: boolean;
  name?: string | null;
  tags?: string[];
  metadata?: Record<string, unknown>;
  created_at: string;
  revision?: number;
  replaced_at?: string | null;
  urls: { self: string; original: string; download: string; variants: string; preset?: string | null };
}

export interface ListedImage extends Image {
  deleted_at?: string | null;
  purge_at?: string | null;
  /** In base64, where the picture has been looked at already. */
  thumbhash?: string | null;
}

export interface Images extends Paged {
  images: ListedImage[];
}

export interface ImageChanges {
  name?: string | null;
  visibility?: Visibility;
  tags?: string[];
  metadata?: Record<string, unknown>;
}

export interface VariantFigures {
  source_bytes: number;
  quality?: number | null;
  score?: number | null;
  tries?: number | null;
  seconds: number;
}

export interface Variant {
  variant: string;
  format: Format;
  width: number;
  height: number;
  bytes: number;
  digest: string;
  url: string;
  created_at: string;
  figures?: VariantFigures | null;
}

export interface Camera {
  make?: string | null;
  model?: string | null;
  lens?: string | null;
  taken_at?: string | null;
  exposure_seconds?: number | null;
  f_number?: number | null;
  iso?: number | null;
  focal_length_mm?: number | null;
  orientation?: number | null;
  software?: string | null;
  position?: { latitude: number; longitude: number; altitude_m?: number | null } | null;
}

/** A record with what is seen in the picture. `analysis` says whether it has been looked at. */
export interface ImageInfo extends Image {
  analysis: string;
  has_alpha: boolean;
  bits: number;
  frames?: number | null;
  profile?: string | null;
  thumbhash?: string | null;
  blurhash?: string | null;
  colours?: { hex: string; share: number }[] | null;
  exif?: Camera | null;
  variants: Variant[];
}

export interface SimilarImage extends Image {
  distance: number;
  exact: boolean;
}

export interface Album {
  id: string;
  owner: string | null;
  name: string;
  visibility: Visibility;
  default_preset: string | null;
  then: string | null;
  cover_image_id: string | null;
  images: number;
  version: number;
  created_at: string;
  updated_at: string;
  urls: { self: string; images: string; zip: string; cover: string | null };
}

export interface Albums extends Paged {
  albums: Album[];
}

export interface Share {
  id: string;
  album_id: string;
  created_at: string;
  expires_at: string | null;
}

export interface NewShare extends Share {
  token: string;
  url: string;
}

export type JobStatus = "queued" | "leased" | "running" | "done" | "failed" | "dead" | "cancelled";

export interface Job {
  id: string;
  image_id: string;
  status: JobStatus;
  progress: number;
  task: { transform?: string; goal?: string | null; formats?: string };
  name?: string | null;
  priority: number;
  attempts: number;
  created_at: string;
  updated_at: string;
  not_before?: string | null;
  result?: { kept: boolean; format: Format; bytes: number; figures: VariantFigures } | null;
  problem?: { code: string; detail: string } | null;
  urls: { self: string; image: string; result?: string | null };
}

export interface Jobs extends Paged {
  jobs: Job[];
}

export interface OrderedJobs {
  jobs: Job[];
  queued?: number | null;
}

/** An order of smaller variants: of `image_id`, `ids` or an `album`, by one of `target`, `max_bytes` and `q`. */
export interface CompressionOrder {
  image_id?: string;
  ids?: string[];
  album?: string;
  target?: number | string;
  max_bytes?: number;
  q?: number;
  formats?: string;
  name?: string;
  priority?: number;
  transform?: string;
}

export interface Session {
  user: { id: string; name: string } | null;
  scopes: Scope[];
  auth: { mode: "off" | "keys"; required: boolean };
  /** How long a deleted image can come back; 0, or nothing from an older service, where it cannot. */
  delete_grace_seconds?: number;
  /** Which key one signed in with. */
  key_id?: string | null;
}

export interface Uploaded extends Image {
  deduplicated: boolean;
  delete_token?: string | null;
  jobs?: Job[];
}
