import { z } from 'zod'

/** NUL and its like break databases and terminals; a lone surrogate cannot be written as UTF-8. */
const isPrintable = (text: string): boolean => text.isWellFormed() && !/[\p{Cc}\u2028\u2029]/u.test(text)
const isPrintableText = (text: string): boolean => isPrintable(text.replaceAll(/[\n\t\r]/g, ''))

/** One line of text. */
export const line = (max: number): z.ZodString =>
  z.string().max(max).refine(isPrintable, 'must not contain control characters')

/** One line that says something. */
export const name = (max = 200): z.ZodString => line(max).min(1)

/** Text that may have several lines. */
export const paragraph = (max: number): z.ZodString =>
  z.string().max(max).refine(isPrintableText, 'must not contain control characters')

/** A UUID (RFC 9562), in the one spelling that everything behind the gateway compares. */
export const id: z.ZodString = z
  .string()
  .regex(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i)
  .toLowerCase()
  .meta({ format: 'uuid' })

export const byId: z.ZodObject<{ id: z.ZodString }> = z.strictObject({ id })

/** A comma-free short word list, such as tags. */
export const words: z.ZodArray<z.ZodString> = z.array(name(100)).max(100)

export const ids: z.ZodArray<z.ZodString> = z.array(id).max(1_000)

export const whole = (min: number, max: number): z.ZodInt => z.int().min(min).max(max)

/** A number in a query. */
export const wholeText = (min: number, max: number): z.ZodType<number, string> =>
  z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number)
    .pipe(z.int().min(min).max(max))

/** A yes or no in a query. */
export const flagText: z.ZodType<boolean, 'true' | 'false'> = z
  .enum(['true', 'false'])
  .transform(text => text === 'true')

const momentForm = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/

/** A moment in ISO 8601 with its offset. */
export const moment: z.ZodType<Date, string> = z
  .string()
  .max(40)
  .regex(momentForm)
  .meta({ format: 'date-time' })
  .transform(text => new Date(text))
  .refine(date => !Number.isNaN(date.getTime()), 'is not a moment')

/** A moment in a reply; null if it has not come. */
export const momentReply: z.ZodNullable<z.ZodString> = z.string().meta({ format: 'date-time' }).nullable()

/** Text that may be absent from a reply. */
export const textReply: z.ZodNullable<z.ZodString> = z.string().nullable()
