const euros = new Intl.NumberFormat(navigator.languages, { style: "currency", currency: "EUR" });

/** 1250 is shown as twelve and a half euros, in the reader's spelling. */
export function money(cents) {
  return euros.format(cents / 100);
}
