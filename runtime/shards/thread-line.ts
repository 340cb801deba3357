import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import { Bell } from "./bell.ts";
import { ByteRing } from "./byte-ring.ts";
import type { PeerLine } from "./peer-line.ts";

/** One end of the line between two threads, as it is handed over to one of them. */
export interface LineEnd {
  readonly outgoing: SharedArrayBuffer;
  readonly incoming: SharedArrayBuffer;
  /** That of the other side. */
  readonly bell: SharedArrayBuffer;
  /** For waking only: what it carries means nothing. */
  readonly wakePort: MessagePort;
  readonly binaryPort: MessagePort;
}

/** A line between threads: a sleeping side is woken by a message of a port. */
export class ThreadLine implements PeerLine {
  readonly outgoing: ByteRing;
  readonly incoming: ByteRing;
  readonly #bell: Bell;
  readonly #wakePort: MessagePort;
  readonly #binaryPort: MessagePort;

  constructor(end: LineEnd, wakened: () => void) {
    this.outgoing = new ByteRing(end.outgoing);
    this.incoming = new ByteRing(end.incoming);
    this.#bell = new Bell(end.bell);
    this.#wakePort = end.wakePort;
    this.#binaryPort = end.binaryPort;
    this.#wakePort.on("message", wakened);
    this.#wakePort.unref();
  }

  get load(): number {
    return this.#bell.load;
  }

  wake(): void {
    if (this.#bell.ring()) this.#wakePort.postMessage(0);
  }

  wantRoom(): void {
    this.outgoing.wantRoom();
  }

  madeRoom(): void {
    if (this.incoming.takeWanted()) this.wake();
  }

  handInBinary(bytes: ArrayBuffer): void {
    this.#binaryPort.postMessage(bytes, [bytes]);
  }

  /** It was posted before the signal that it belongs to came into the ring: it is there. */
  takeBinary(): ArrayBuffer {
    return receiveMessageOnPort(this.#binaryPort)!.message as ArrayBuffer;
  }

  close(): void {
    this.#wakePort.close();
    this.#binaryPort.close();
  }
}
