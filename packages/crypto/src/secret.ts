import { timingSafeEqual } from 'node:crypto'

const MASK = '[secret]'

/** The method that `util.inspect`, and so `console.log`, calls. */
const INSPECT: symbol = Symbol.for('nodejs.util.inspect.custom')

/**
 * Secret bytes that cannot be printed by accident: every way of turning it into text gives `[secret]`.
 *
 * It owns its bytes. `dispose` (or `using`) overwrites them with zeroes; reading afterwards throws a `TypeError`.
 * Zeroing is best effort: a string made from the bytes lives until it is collected, so make it last and keep it short.
 */
export class Secret {
  readonly #bytes: Buffer
  #disposed = false

  private constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  /** Takes ownership of `bytes` without copying: the caller must not use them any more. */
  static of(bytes: Uint8Array): Secret {
    return new Secret(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  }

  /** Copies `bytes`; the caller keeps its own, and should zero them. */
  static copyOf(bytes: Uint8Array): Secret {
    const copy = Buffer.alloc(bytes.byteLength)
    copy.set(bytes)
    return new Secret(copy)
  }

  /** The UTF-8 form of `text`. */
  static fromUtf8(text: string): Secret {
    const bytes = Buffer.alloc(Buffer.byteLength(text))
    bytes.write(text)
    return new Secret(bytes)
  }

  get byteLength(): number {
    return this.#bytes.byteLength
  }

  /** The live bytes, not a copy: do not keep them longer than this object. */
  bytes(): Buffer {
    if (this.#disposed) throw new TypeError('this secret has been disposed of')
    return this.#bytes
  }

  /** Calls `fn` with the live bytes. What `fn` returns must not refer to them after `dispose`. */
  use<T>(fn: (bytes: Buffer) => T): T {
    return fn(this.bytes())
  }

  /** True if both hold the same bytes. Takes the same time wherever they differ; only the length can be told. */
  equals(other: Secret): boolean {
    const [a, b] = [this.bytes(), other.bytes()]
    return a.byteLength === b.byteLength && timingSafeEqual(a, b)
  }

  /** Overwrites the bytes with zeroes. May be called more than once. */
  dispose(): void {
    this.#disposed = true
    this.#bytes.fill(0)
  }

  [Symbol.dispose](): void {
    this.dispose()
  }

  toString(): string {
    return MASK
  }

  toJSON(): string {
    return MASK
  }

  [Symbol.toPrimitive](): string {
    return MASK
  }

  // Not a plain method: isolated declarations know only the language's own symbols as names.
  static {
    Object.defineProperty(Secret.prototype, INSPECT, { value: () => MASK })
  }
}
