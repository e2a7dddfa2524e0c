import { texts } from "../text";

export const text = texts({
  title: { en: "Sign in", ru: "Вход" },
  hint: { en: "With a key of this service. An administrator makes one on the page “Keys”, or with this command:", ru: "С ключом этого сервиса. Администратор создаёт его на странице «Ключи» или такой командой:" },
  key: { en: "Key", ru: "Ключ" },
  keyHint: { en: "It begins with imgs_. It is kept in a cookie that scripts cannot read.", ru: "Начинается с imgs_. Хранится в cookie, недоступном для скриптов." },
  show: { en: "Show the key", ru: "Показать ключ" },
  hide: { en: "Hide the key", ru: "Скрыть ключ" },
  missing: { en: "Enter a key.", ru: "Введите ключ." },
  wrong: { en: "This key is not known here: it may be mistyped, expired or revoked.", ru: "Ключ не подходит: возможно, в нём опечатка, он истёк или отозван." },
  nothing: { en: "This key allows nothing on this page: it is made for services.", ru: "С этим ключом на странице ничего нельзя сделать: он предназначен для сервисов." },
  signIn: { en: "Sign in", ru: "Войти" },
  noNeed: { en: "Nobody has to sign in here", ru: "Входить не нужно" },
  noNeedHint: { en: "This service asks for no keys: whoever reaches it may do everything.", ru: "Сервис не спрашивает ключей: всё доступно каждому, кто может к нему подключиться." },
  already: { en: "You are signed in as {name}", ru: "Вы вошли как {name}" },
  alreadyHint: { en: "To use another key, sign out first.", ru: "Чтобы войти с другим ключом, сначала выйдите." },
  signOut: { en: "Sign out", ru: "Выйти" },
});
