/** A message of the server as a sentence: "can't be blank" becomes "Can't be blank." */
export function sentence(message) {
  const text = message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
