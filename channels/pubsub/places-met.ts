/** Who subscribes to `PLACES_TOPIC` gets it when this place may have met others, or met them again, without a word having come from them. */
export class PlacesMet {}
