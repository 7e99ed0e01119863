import { SallyportError } from '@sallyport/errors/error'
import { z } from 'zod'

/** The message that an answer promised. A service that leaves it out is broken. */
export const present = <T>(message: T | undefined): T => {
  if (message === undefined)
    throw new SallyportError('internal', undefined, { cause: new Error('an empty answer') })
  return message
}

export const momentOf = (date: Date | undefined): string | null => date?.toISOString() ?? null

/** Protocol buffers say "absent" with an empty string; JSON says it with null. */
export const textOf = (text: string): string | null => (text === '' ? null : text)

/** An optional change of a text that null clears. */
export const cleared = (text: string | null | undefined): string | undefined => (text === null ? '' : text)

export const countOf = (count: bigint): number => Number(count)

/** An enum's names in JSON, and their values on the wire. */
export type WireEnum<N extends string, W extends number> = {
  readonly schema: z.ZodEnum<{ [K in N]: K }>
  readonly toWire: (name: N) => W
  /** Throws for a value without a name: it is not passed on as something that it is not. */
  readonly toJson: (value: number) => N
}

export const wireEnum = <const N extends string, W extends number>(
  pairs: readonly (readonly [N, W])[],
): WireEnum<N, W> => {
  const values = new Map(pairs)
  const names = new Map<number, N>(pairs.map(([name, value]) => [value, name]))
  return {
    schema: z.enum(pairs.map(([name]) => name)),
    toWire: name => present(values.get(name)),
    toJson: value => present(names.get(value)),
  }
}

/** A secret on its way in. Its bytes, if they are no UTF-8 text, come as base64. */
export const secretInput: z.ZodType<Buffer, { secret: string; encoding?: 'utf-8' | 'base64' | undefined }> = z
  .strictObject({
    secret: z
      .string()
      .min(1)
      .max(65_536)
      .refine(text => text.isWellFormed(), 'is not well formed'),
    encoding: z.enum(['utf-8', 'base64']).default('utf-8'),
  })
  .refine(({ secret, encoding }) => encoding === 'utf-8' || isBase64(secret), 'is not base64')
  .transform(({ secret, encoding }) => Buffer.from(secret, encoding === 'base64' ? 'base64' : 'utf8'))

const isBase64 = (text: string): boolean =>
  /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)

export type SecretReply = { secret: string; encoding: 'utf-8' | 'base64' }

/** Fields of a secret in a reply: text if it is UTF-8, else base64. */
export const secretReply: {
  secret: z.ZodString
  encoding: z.ZodEnum<{ 'utf-8': 'utf-8'; base64: 'base64' }>
} = {
  secret: z.string(),
  encoding: z.enum(['utf-8', 'base64']),
}

/** INVARIANT: a JSON string cannot be overwritten. It is made as late as here, and the bytes are zeroed. */
export const secretOf = (bytes: Buffer): SecretReply => {
  try {
    return {
      secret: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes),
      encoding: 'utf-8',
    }
  } catch {
    return { secret: bytes.toString('base64'), encoding: 'base64' }
  } finally {
    bytes.fill(0)
  }
}
