import type { Album, Albums, Image, Images, NewShare, Share, Visibility } from "./documents";
import { get, patch, post, remove, send } from "./http";

export interface AlbumFields {
  name?: string;
  visibility?: Visibility;
  cover_image_id?: string | null;
}

const path = (id: string) => `/v1/albums/${encodeURIComponent(id)}`;

/** All albums, newest first. People have dozens of them, so that they are fetched whole. */
export async function listAlbums(signal?: AbortSignal): Promise<Album[]> {
  const albums: Album[] = [];
  let cursor: string | undefined;
  do {
    const page: Albums = await get<Albums>("/v1/albums", { limit: 500, cursor }, signal);
    albums.push(...page.albums);
    cursor = page.cursor ?? undefined;
  } while (cursor);
  return albums;
}

export const readAlbum = (id: string, signal?: AbortSignal) => get<Album>(path(id), undefined, signal);
export const makeAlbum = (fields: AlbumFields & { name: string }) => post<Album>("/v1/albums", fields);
export const changeAlbum = (id: string, fields: AlbumFields) => patch<Album>(path(id), fields);
export const deleteAlbum = (id: string, images: "keep" | "delete" = "keep") => remove<{ images_deleted: number }>(path(id), { images });

export const listAlbumImages = (id: string, query: { limit?: number; cursor?: string; thumbhash?: boolean }, signal?: AbortSignal) =>
  get<Images>(`${path(id)}/images`, { ...query }, signal);

export const addToAlbum = (id: string, ids: string[]) => post<Album>(`${path(id)}/images`, { ids });

export async function takeFromAlbum(id: string, image: Image["id"]): Promise<void> {
  await send("DELETE", `${path(id)}/images/${encodeURIComponent(image)}`);
}

export const listShares = (id: string, signal?: AbortSignal) => get<{ shares: Share[] }>(`${path(id)}/share`, { limit: 500 }, signal);
export const shareAlbum = (id: string, expires_at?: string) => post<NewShare>(`${path(id)}/share`, { expires_at });
export const revokeShare = (id: string, share: string) => remove<void>(`${path(id)}/share/${encodeURIComponent(share)}`);
