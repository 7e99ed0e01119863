import { formsOf } from './forms.ts'

/** Replaces secrets in a stream of bytes. */
export type Masker = {
  /** Takes the next bytes; returns those that can no longer be part of a secret, masked. */
  feed(bytes: Uint8Array): Uint8Array<ArrayBuffer>
  /** The rest, at the end of the stream. */
  end(): Uint8Array<ArrayBuffer>
}

export const mask = '[secret]'

const maskBytes = new TextEncoder().encode(mask)

/**
 * INVARIANT: a byte leaves only when no form of a secret that is still to come could cover it. Bytes are marked one by
 * one, so that secrets that overlap hide each other's rest too.
 */
export const maskerFor = (secrets: readonly Uint8Array[]): Masker => {
  const forms = secrets.flatMap(formsOf)
  let pending = new Uint8Array(0)
  let marked = new Uint8Array(0)
  let masking = false

  const release = (length: number): Uint8Array<ArrayBuffer> => {
    const out: number[] = []
    for (let index = 0; index < length; index++) {
      if (marked[index] === 1) {
        if (!masking) out.push(...maskBytes)
      } else out.push(pending[index] ?? 0)
      masking = marked[index] === 1
    }
    pending = pending.slice(length)
    marked = marked.slice(length)
    return Uint8Array.from(out)
  }

  return {
    feed(bytes) {
      pending = joined(pending, bytes)
      marked = joined(marked, new Uint8Array(bytes.length))
      for (const form of forms) markAll(pending, form, marked)
      return release(firstPossibleStart(pending, forms))
    },
    end: () => release(pending.length),
  }
}

/** Masks one text that is complete. */
export const maskText = (text: string, secrets: readonly Uint8Array[]): string => {
  const masker = maskerFor(secrets)
  const first = masker.feed(new TextEncoder().encode(text))
  return new TextDecoder().decode(joined(first, masker.end()))
}

const joined = (first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> => {
  const both = new Uint8Array(first.length + second.length)
  both.set(first)
  both.set(second, first.length)
  return both
}

/** Where the first form begins that the bytes end in the middle of. */
const firstPossibleStart = (bytes: Uint8Array, forms: readonly Uint8Array[]): number => {
  const longest = Math.max(0, ...forms.map(form => form.length - 1))
  for (let start = Math.max(0, bytes.length - longest); start < bytes.length; start++) {
    const length = bytes.length - start
    const begun = (form: Uint8Array) =>
      form.length > length && form.subarray(0, length).every((byte, index) => bytes[start + index] === byte)
    if (forms.some(begun)) return start
  }
  return bytes.length
}

const markAll = (bytes: Uint8Array, form: Uint8Array, marked: Uint8Array): void => {
  const [first] = form
  if (first === undefined) return
  for (let at = bytes.indexOf(first); at >= 0; at = bytes.indexOf(first, at + 1)) {
    if (form.every((byte, index) => bytes[at + index] === byte)) marked.fill(1, at, at + form.length)
  }
}
