import { text } from "./text";

/** The way to the licences of what the page is made of, which its document names. */
export function Licences() {
  const address = document.querySelector<HTMLLinkElement>("link[rel=license]")?.href;
  return address === undefined ? null : <p class="system-licences"><a href={address} target="_blank" rel="noopener">{text.licences()}</a></p>;
}
