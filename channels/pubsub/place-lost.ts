/** Who subscribes to it gets a PlaceLost for each place that is gone. */
export const PLACES_TOPIC = "\0places";

/** A place is gone, with all its processes: it was known to be there, and never comes back as what it was. */
export class PlaceLost {
  readonly nodeName: string;

  constructor(nodeName: string) {
    this.nodeName = nodeName;
  }
}
