import { useState } from "preact/hooks";
import plus from "icon:user-plus";
import usersIcon from "icon:users";
import more from "icon:ellipsis";
import { changeUser, listUsers, type Quotas, type User } from "../api";
import { navigate } from "../app/router";
import { Button, confirm, EmptyState, ErrorNote, Icon, Menu, report, toast, type MenuItem } from "../parts";
import { useFetched } from "../parts/fetched";
import { format, phrases } from "../text";
import { ForAdmins } from "./guard";
import { text } from "./text";
import { UserForm } from "./user-form";

const keysOf = (user: User) => `/ui/keys?user=${encodeURIComponent(user.id)}`;

export default function Users() {
  return <ForAdmins><List /></ForAdmins>;
}

function List() {
  const fetched = useFetched(listUsers);
  const [form, open] = useState<"new" | User | undefined>();
  const users = fetched.value.value;

  const done = (user: User) => {
    if (form === "new") toast(text.userAdded({ name: user.name }), { action: { label: text.makeKeyFor(), run: () => navigate(`${keysOf(user)}&make=1`) } });
    else toast(text.saved());
    open(undefined);
    void fetched.reload();
  };

  return (
    <>
      <header class="view-head">
        <div>
          <h1>{text.users()}</h1>
          <p class="access-soft">{text.usersHint()}</p>
        </div>
        <Button kind="primary" icon={plus} onClick={() => open("new")}>{text.addUser()}</Button>
      </header>
      {fetched.error.value !== undefined && <ErrorNote error={fetched.error.value}><Button onClick={() => void fetched.reload()}>{phrases.again()}</Button></ErrorNote>}
      {!users ? fetched.error.value === undefined && <p role="status">{phrases.loading()}</p> : users.length === 0 ? <EmptyState icon={usersIcon} title={text.noUsers()} hint={text.noUsersHint()} /> : (
        <div class="table-frame" tabIndex={0} role="group" aria-label={text.users()}>
          <table class="table">
            <thead>
              <tr>
                <th scope="col">{text.name()}</th>
                <th scope="col">{text.standing()}</th>
                <th scope="col">{text.keeps()}</th>
                <th scope="col">{text.quota()}</th>
                <th scope="col">{text.rate()}</th>
                <th scope="col">{text.created()}</th>
                <th scope="col"><span class="visually-hidden">{text.actions()}</span></th>
              </tr>
            </thead>
            <tbody>{users.map((user) => <Row key={user.id} user={user} onChanged={() => void fetched.reload()} onQuotas={() => open(user)} />)}</tbody>
          </table>
        </div>
      )}
      {form && <UserForm user={form === "new" ? undefined : form} onClose={() => open(undefined)} onDone={done} />}
    </>
  );
}

function Row({ user, onChanged, onQuotas }: { user: User; onChanged: () => void; onQuotas: () => void }) {
  const setDisabled = async (disabled: boolean) => {
    if (disabled && !(await confirm({ title: text.keepOutAsk({ name: user.name }), detail: text.keepOutDetail(), confirm: text.keepOut(), danger: true }))) return;
    try {
      await changeUser(user.id, { disabled });
      onChanged();
    } catch (error) {
      report(error);
    }
  };
  const items: MenuItem[] = [
    { label: text.makeKeyFor(), run: () => navigate(`${keysOf(user)}&make=1`) },
    { label: text.showKeys(), run: () => navigate(keysOf(user)) },
    { label: text.changeQuotas(), run: onQuotas },
    user.disabled ? { label: text.letInAgain(), run: () => void setDisabled(false) } : { label: text.keepOut(), danger: true, run: () => void setDisabled(true) },
  ];
  return (
    <tr>
      <th scope="row">{user.name}</th>
      <td class={user.disabled ? "access-bad" : "access-good"}>{user.disabled ? text.keptOut() : text.letIn()}</td>
      <td class="access-figure">{text.images({ count: user.usage.images })}<br /><span class="access-soft">{format.bytes(user.usage.bytes)}</span></td>
      <td class="access-figure">{sayQuota(user.quotas)}</td>
      <td>{user.quotas.requests_per_minute === null ? text.noBound() : format.number(user.quotas.requests_per_minute)}</td>
      <td class="access-figure">{format.date(user.created_at)}</td>
      <td class="access-actions"><Menu label={<Icon shapes={more} />} name={text.actionsFor({ name: user.name })} class="button button-quiet button-icon" sections={[{ items }]} /></td>
    </tr>
  );
}

function sayQuota({ max_images, max_bytes }: Quotas): string {
  const bounds = [max_images === null ? "" : text.images({ count: max_images }), max_bytes === null ? "" : format.bytes(max_bytes)].filter(Boolean);
  return bounds.length > 0 ? bounds.join(", ") : text.noBound();
}
