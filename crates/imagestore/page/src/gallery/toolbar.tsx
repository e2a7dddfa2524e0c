import { useEffect, useRef, useState } from "preact/hooks";
import filtersIcon from "icon:sliders-horizontal";
import keyboard from "icon:keyboard";
import searchIcon from "icon:search";
import { Button, Icon, IconButton, Select } from "../parts";
import { navigate } from "../app/router";
import { addressOf, filterCount, searched, searchOf, type Chosen } from "./filter";
import { FilterDialog } from "./filter-dialog";
import { text } from "./text";

const PAUSE_MS = 300;

type Order = "newest" | "oldest" | "byName" | "largest" | "smallest";

const orders: Record<Order, Pick<Chosen, "sort" | "order">> = {
  newest: { sort: undefined, order: undefined },
  oldest: { sort: "date", order: "asc" },
  byName: { sort: "name", order: undefined },
  largest: { sort: "bytes", order: "desc" },
  smallest: { sort: "bytes", order: "asc" },
};

const orderOf = ({ sort, order }: Chosen): Order =>
  sort === "name" ? "byName" : sort === "bytes" ? (order === "asc" ? "smallest" : "largest") : order === "asc" ? "oldest" : "newest";

const show = (chosen: Chosen) => navigate(addressOf(chosen), { replace: true });

/** The search, the filters and the order of the gallery; what they say stands in the address. */
export function Toolbar({ chosen, onKeys }: { chosen: Chosen; onKeys: () => void }) {
  const [isOpen, open] = useState(false);
  const count = filterCount(chosen);
  return (
    <div class="gallery-tools">
      <Search chosen={chosen} />
      <Button icon={filtersIcon} aria-haspopup="dialog" aria-pressed={count > 0} onClick={() => open(true)}>{count > 0 ? text.filtersCount({ count }) : text.filters()}</Button>
      <Select class="gallery-order" label={text.sort()} hideLabel value={orderOf(chosen)} options={(Object.keys(orders) as Order[]).map((value) => ({ value, label: text[value]() }))} onChoose={(value) => show({ ...chosen, ...orders[value] })} />
      <IconButton class="gallery-keys" label={text.keys()} icon={keyboard} onClick={onKeys} />
      {isOpen && <FilterDialog chosen={chosen} onApply={(next) => { open(false); show(next); }} onClose={() => open(false)} />}
    </div>
  );
}

function Search({ chosen }: { chosen: Chosen }) {
  const [typed, type] = useState(searchOf(chosen));
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const input = useRef<HTMLInputElement>(null);
  const held = searchOf(chosen);
  useEffect(() => {
    if (document.activeElement !== input.current) type(held);
  }, [held]);
  useEffect(() => () => clearTimeout(timer.current), []);

  const search = (words: string) => {
    type(words);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => show({ ...chosen, ...searched(words) }), PAUSE_MS);
  };
  return (
    <div class="gallery-search" role="search">
      <Icon shapes={searchIcon} size={18} />
      <input class="input" type="search" ref={input} data-search value={typed} placeholder={text.searchHint()} aria-label={`${text.search()}: ${text.searchHint()}`} onInput={(event) => search(event.currentTarget.value)} />
    </div>
  );
}
