const whole = new Intl.NumberFormat("en");
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

export function count(number) {
  return whole.format(Math.round(number));
}

export function brief(number) {
  return Math.abs(number) < 10_000 ? whole.format(Math.round(number)) : short.format(number);
}

export function bytes(number) {
  if (number < 1_024) return `${number} B`;
  const units = ["KB", "MB", "GB", "TB"];
  let value = number / 1_024;
  let unit = 0;
  while (value >= 1_024 && unit < units.length - 1) {
    value /= 1_024;
    unit += 1;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

export function ms(number) {
  return `${number < 10 ? number.toFixed(1) : Math.round(number)} ms`;
}

export function seconds(milliseconds) {
  const number = milliseconds / 1_000;
  return `${number < 10 ? number.toFixed(1) : count(number)} s`;
}

export function time(atMs) {
  const at = new Date(atMs);
  const fraction = String(at.getMilliseconds()).padStart(3, "0");
  return `${at.toLocaleTimeString("en-GB")}.${fraction}`;
}
