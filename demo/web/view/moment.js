const time = new Intl.DateTimeFormat(navigator.languages, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(navigator.languages, { weekday: "long", day: "numeric", month: "long" });
const dayAndTime = new Intl.DateTimeFormat(navigator.languages, {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
});

const startOfDay = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate());

export function timeOf(iso) {
  return time.format(new Date(iso));
}

/** The calendar day of the reader, as a key. */
export function dayKey(iso) {
  return startOfDay(new Date(iso)).toISOString();
}

export function dayOf(iso) {
  const today = startOfDay(new Date());
  const that = startOfDay(new Date(iso));
  const days = Math.round((today - that) / 86_400_000);
  if (days === 0) return "Today";
  return days === 1 ? "Yesterday" : day.format(that);
}

export function dayAndTimeOf(iso) {
  return dayKey(iso) === startOfDay(new Date()).toISOString()
    ? `Today, ${timeOf(iso)}`
    : dayAndTime.format(new Date(iso));
}
