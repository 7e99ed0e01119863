import { z } from 'zod'
import type { Exchange } from './exchange.ts'
import { invalidInput, noUnexpectedInput, type RawInput } from './validation.ts'

type InputSchemas = { readonly params?: z.ZodType; readonly query?: z.ZodType; readonly body?: z.ZodType }
type InputOf<I extends InputSchemas> = z.output<z.ZodObject<I>>

/** What an endpoint gives for an answer. */
export type Outcome =
  | { readonly kind: 'object'; readonly value: unknown }
  | {
      readonly kind: 'stream'
      readonly contentType: string
      readonly pieces: AsyncIterable<string | Uint8Array>
    }
  | { readonly kind: 'nothing' }

/** An endpoint with the types of its input and reply forgotten: what registration and documentation need. */
export type Endpoint = {
  /** What it does, as a sentence without full stop. */
  readonly summary: string
  readonly input: InputSchemas
  readonly status: 200 | 201 | 202 | 204
  readonly reply: { readonly contentType: string; readonly schema: z.ZodType } | undefined
  readonly run: (input: RawInput, exchange: Exchange) => Promise<Outcome>
}

type Parts<I extends InputSchemas> = { readonly summary: string; readonly input?: I }

/**
 * Declares an endpoint that answers with JSON.
 * INVARIANT: `handle` gets nothing that its schemas have not accepted, whatever the framework thought of the
 * content type: the schemas are applied here, and not in a hook that can be passed by.
 */
export const endpoint = <I extends InputSchemas, R extends z.ZodType>(
  parts: Parts<I> & {
    readonly status?: 200 | 201 | 202
    readonly reply: R
    readonly handle: (input: InputOf<I>, exchange: Exchange) => Promise<z.input<R>>
  },
): Endpoint => ({
  summary: parts.summary,
  input: parts.input ?? {},
  status: parts.status ?? 200,
  reply: { contentType: 'application/json', schema: parts.reply },
  run: checked(parts.input, async (input: InputOf<I>, exchange) => ({
    kind: 'object',
    value: await parts.handle(input, exchange),
  })),
})

/** Declares an endpoint that answers with nothing but its success. */
export const silentEndpoint = <I extends InputSchemas>(
  parts: Parts<I> & { readonly handle: (input: InputOf<I>, exchange: Exchange) => Promise<unknown> },
): Endpoint => ({
  summary: parts.summary,
  input: parts.input ?? {},
  status: 204,
  reply: undefined,
  run: checked(parts.input, async (input: InputOf<I>, exchange) => {
    await parts.handle(input, exchange)
    return { kind: 'nothing' }
  }),
})

/** Declares an endpoint that answers with a stream. What it throws before the first piece becomes a problem reply. */
export const streamEndpoint = <I extends InputSchemas>(
  parts: Parts<I> & {
    readonly contentType: string
    readonly handle: (input: InputOf<I>, exchange: Exchange) => AsyncIterable<string | Uint8Array>
  },
): Endpoint => ({
  summary: parts.summary,
  input: parts.input ?? {},
  status: 200,
  reply: { contentType: parts.contentType, schema: z.string() },
  run: checked(parts.input, async (input: InputOf<I>, exchange) => ({
    kind: 'stream',
    contentType: parts.contentType,
    pieces: parts.handle(input, exchange),
  })),
})

const checked = <I extends InputSchemas>(
  declared: I | undefined,
  handle: (input: InputOf<I>, exchange: Exchange) => Promise<Outcome>,
): Endpoint['run'] => {
  const schema = z.object(declared)
  return async (raw, exchange) => {
    noUnexpectedInput(declared ?? {}, raw)
    const parsed = schema.safeParse(raw, { reportInput: true })
    if (!parsed.success) throw invalidInput(parsed.error)
    return handle(parsed.data, exchange)
  }
}
