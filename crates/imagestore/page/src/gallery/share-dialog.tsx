import { useEffect, useState } from "preact/hooks";
import { listShares, revokeShare, shareAlbum, type Album, type NewShare, type Share } from "../api";
import { Button, CopyButton, Dialog, ErrorNote, report, Select } from "../parts";
import { format } from "../text";
import { text } from "./text";

const DAY_MS = 86_400_000;
type Days = "0" | "1" | "7" | "30";

/** Makes public links to an album, and revokes them. */
export function ShareDialog({ shown, onClose }: { shown: Album; onClose: () => void }) {
  const [shares, setShares] = useState<readonly Share[] | undefined>();
  const [made, setMade] = useState<NewShare | undefined>();
  const [days, setDays] = useState<Days>("0");
  const [error, fail] = useState<unknown>();
  const load = () => listShares(shown.id).then((answer) => setShares(answer.shares), fail);
  useEffect(() => void load(), []);

  const make = async () => {
    try {
      setMade(await shareAlbum(shown.id, days === "0" ? undefined : new Date(Date.now() + Number(days) * DAY_MS).toISOString()));
      await load();
    } catch (reason) {
      report(reason);
    }
  };
  const revoke = async (share: Share) => {
    try {
      await revokeShare(shown.id, share.id);
      if (made?.id === share.id) setMade(undefined);
      await load();
    } catch (reason) {
      report(reason);
    }
  };
  const lasting: { value: Days; label: string }[] = [
    { value: "0", label: text.forever() },
    { value: "1", label: text.oneDay() },
    { value: "7", label: text.oneWeek() },
    { value: "30", label: text.oneMonth() },
  ];
  const address = made && new URL(new URL(made.url, window.location.origin).pathname, window.location.origin).href;
  return (
    <Dialog title={text.share()} onClose={onClose} wide>
      <p>{text.shareHint()}</p>
      <div class="share-new">
        <Select label={text.expiry()} value={days} options={lasting} onChoose={setDays} />
        <Button kind="primary" onClick={() => void make()}>{text.newLink()}</Button>
      </div>
      {address && (
        <div class="share-made" role="status">
          <p>{text.linkOnce()}</p>
          <div class="share-address"><code>{address}</code><CopyButton value={address} label={text.link()} /></div>
        </div>
      )}
      {error ? <ErrorNote error={error} /> : shares?.length === 0 ? <p class="share-none">{text.noLinks()}</p> : (
        <ul class="share-list">
          {shares?.map((share) => (
            <li key={share.id}>
              <span>{text.linkMade({ date: format.dateTime(share.created_at) })}{share.expires_at && `, ${text.linkExpires({ date: format.dateTime(share.expires_at) })}`}</span>
              <Button onClick={() => void revoke(share)}>{text.revoke()}</Button>
            </li>
          ))}
        </ul>
      )}
    </Dialog>
  );
}
