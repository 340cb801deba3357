import type { Serializer } from "./serializer.ts";
import { v1Json } from "./v1-json.ts";
import { v2Json } from "./v2-json.ts";

/** What a mount speaks that names no serializers, whatever the transport: as Phoenix, both versions. */
export const defaultSerializers: readonly Serializer[] = Object.freeze([v1Json, v2Json]);
