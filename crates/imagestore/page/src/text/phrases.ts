import { texts } from "./texts";

/** What several features say in the same words and with the same meaning. */
export const phrases = texts({
  again: { en: "Try again", ru: "Повторить" },
  cancel: { en: "Cancel", ru: "Отмена" },
  close: { en: "Close", ru: "Закрыть" },
  copy: { en: "Copy", ru: "Копировать" },
  delete: { en: "Delete", ru: "Удалить" },
  download: { en: "Download", ru: "Скачать" },
  loading: { en: "Loading…", ru: "Загрузка…" },
  save: { en: "Save", ru: "Сохранить" },
  showMore: { en: "Show more", ru: "Показать ещё" },
  toGallery: { en: "Go to the gallery", ru: "Открыть галерею" },
  undo: { en: "Undo", ru: "Отменить" },
});
