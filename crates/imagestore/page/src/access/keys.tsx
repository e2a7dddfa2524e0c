import { useState } from "preact/hooks";
import plus from "icon:plus";
import keyIcon from "icon:key-round";
import { listKeys, listUsers, loadSession, revokeKey, session, type AccessKey, type User } from "../api";
import { location, navigate } from "../app/router";
import { Button, Checkbox, confirm, EmptyState, ErrorNote, report, Select } from "../parts";
import { useFetched } from "../parts/fetched";
import { format, phrases } from "../text";
import { ForAdmins } from "./guard";
import { KeyForm } from "./key-form";
import { sayScopes } from "./scopes";
import { text } from "./text";

export default function Keys() {
  return <ForAdmins><List /></ForAdmins>;
}

const isExpired = ({ expires_at }: AccessKey) => expires_at !== null && Date.parse(expires_at) <= Date.now();

/** The addresses `?user=ID` and `&make=1` lead here from the list of users. */
function List() {
  const { query } = location.value;
  const user = query.get("user") ?? "";
  const [isForm, open] = useState(query.has("make"));
  const [showsOld, showOld] = useState(false);
  const users = useFetched(listUsers);
  const keys = useFetched((signal) => listKeys(user || undefined, signal), [user]);
  const known = users.value.value ?? [];
  const error = keys.error.value ?? users.error.value;
  const shown = keys.value.value?.filter((key) => showsOld || (key.revoked_at === null && !isExpired(key)));
  const reload = () => void Promise.all([keys.reload(), users.reload()]);

  return (
    <>
      <header class="view-head">
        <div>
          <h1>{text.keys()}</h1>
          <p class="access-soft">{text.keysHint()}</p>
        </div>
        <Button kind="primary" icon={plus} disabled={known.length === 0} onClick={() => open(true)}>{text.makeKey()}</Button>
      </header>
      <div class="access-filter">
        <Select label={text.user()} value={user} options={[{ value: "", label: text.everybody() }, ...known.map(({ id, name }) => ({ value: id, label: name }))]} onChoose={(id) => navigate(id ? `/ui/keys?user=${encodeURIComponent(id)}` : "/ui/keys", { replace: true })} />
        <Checkbox label={text.showRevoked()} checked={showsOld} onChange={(event) => showOld(event.currentTarget.checked)} />
      </div>
      {error !== undefined && <ErrorNote error={error}><Button onClick={reload}>{phrases.again()}</Button></ErrorNote>}
      {!shown ? error === undefined && <p role="status">{phrases.loading()}</p> : shown.length === 0 ? <Empty hasUsers={known.length > 0} /> : <Table keys={shown} users={known} onChanged={reload} />}
      {isForm && known.length > 0 && <KeyForm users={known} user={user || known[0]!.id} onClose={() => open(false)} onMade={reload} />}
    </>
  );
}

function Empty({ hasUsers }: { hasUsers: boolean }) {
  if (hasUsers) return <EmptyState icon={keyIcon} title={text.noKeys()} />;
  return (
    <EmptyState icon={keyIcon} title={text.noUsers()} hint={text.noUsersHint()}>
      <a class="button button-primary" href="/ui/users">{text.toUsers()}</a>
    </EmptyState>
  );
}

function Table({ keys, users, onChanged }: { keys: readonly AccessKey[]; users: readonly User[]; onChanged: () => void }) {
  const byId = new Map(users.map((user) => [user.id, user]));
  return (
    <div class="table-frame" tabIndex={0} role="group" aria-label={text.keys()}>
      <table class="table">
        <thead>
          <tr>
            <th scope="col">{text.label()}</th>
            <th scope="col">{text.user()}</th>
            <th scope="col">{text.scopes()}</th>
            <th scope="col">{text.standing()}</th>
            <th scope="col">{text.expires()}</th>
            <th scope="col">{text.lastUsed()}</th>
            <th scope="col"><span class="visually-hidden">{text.actions()}</span></th>
          </tr>
        </thead>
        <tbody>{keys.map((key) => <Row key={key.id} entry={key} user={byId.get(key.user_id)} onChanged={onChanged} />)}</tbody>
      </table>
    </div>
  );
}

function Row({ entry, user, onChanged }: { entry: AccessKey; user: User | undefined; onChanged: () => void }) {
  const label = entry.label || text.noLabel();
  const isOwn = session.value?.key_id === entry.id;
  const revoke = async () => {
    const detail = isOwn ? `${text.revokeDetail()} ${text.revokeOwn()}` : text.revokeDetail();
    if (!(await confirm({ title: text.revokeAsk({ label }), detail, confirm: text.revoke(), danger: true }))) return;
    try {
      await revokeKey(entry.id);
      if (isOwn) await loadSession();
      else onChanged();
    } catch (error) {
      report(error);
    }
  };
  const isOver = entry.revoked_at !== null || isExpired(entry);
  const standing = entry.revoked_at !== null ? text.revoked() : isExpired(entry) ? text.expired() : user?.disabled ? text.userKeptOut() : text.valid();
  return (
    <tr>
      <th scope="row">{label}{isOwn && <span class="access-soft"> ({text.thisOne()})</span>}</th>
      <td>{user?.name}</td>
      <td>{sayScopes(entry.scopes)}</td>
      <td class={isOver || user?.disabled ? "access-bad" : "access-good"}>{standing}</td>
      <td class="access-figure">{entry.expires_at ? format.date(entry.expires_at) : text.never()}</td>
      <td class="access-figure">{entry.last_used_at ? format.ago(entry.last_used_at) : text.notUsed()}</td>
      <td class="access-actions">{!isOver && <Button aria-label={text.revokeLabel({ label })} onClick={() => void revoke()}>{text.revoke()}</Button>}</td>
    </tr>
  );
}
