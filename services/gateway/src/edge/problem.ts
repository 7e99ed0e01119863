import { mappings } from '@sallyport/errors/codes'
import { SallyportError } from '@sallyport/errors/error'
import { type Reason, reasons } from '@sallyport/errors/reasons'
import { z } from 'zod'
import { type FieldProblem, InputProblems } from './validation.ts'

/** Problem details for HTTP APIs (RFC 9457). */
export const problemSchema: z.ZodType<Problem> = z
  .object({
    type: z.string().describe('urn:sallyport:error:<reason>'),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string().describe('The id of this request, as in X-Request-Id'),
    reason: z.string().describe('Stable; listed in docs/errors.md'),
    errors: z
      .array(z.object({ field: z.string(), message: z.string() }))
      .optional()
      .describe('What is wrong with which field'),
    metadata: z.record(z.string(), z.string()).optional(),
  })
  .meta({ id: 'Problem', description: 'Problem details (RFC 9457)' })

export type Problem = {
  type: string
  title: string
  status: number
  detail: string
  instance: string
  reason: string
  errors?: FieldProblem[] | undefined
  metadata?: Record<string, string> | undefined
}

/** Reasons that only HTTP has a status of its own for. Everything else has its code's. */
const ownStatus: Partial<Readonly<Record<Reason, number>>> = {
  'request.media_type': 415,
  'request.too_large': 413,
  'request.version_required': 428,
}

export const httpStatusOf = (reason: Reason): number =>
  ownStatus[reason] ?? mappings[reasons[reason].code].http

/** The problem document of an error. Of the inside of a failure (5xx) it tells nothing but the request's id. */
export const problemOf = (error: SallyportError, requestId: string): Problem => {
  const status = httpStatusOf(error.reason)
  const { title } = reasons[error.reason]
  const told = status < 500
  const errors = fieldsOf(error)
  return {
    type: `urn:sallyport:error:${error.reason}`,
    title,
    status,
    detail: told ? error.message : title,
    instance: requestId,
    reason: error.reason,
    ...(errors && { errors }),
    ...(told && Object.keys(error.metadata).length > 0 && { metadata: { ...error.metadata } }),
  }
}

/** Errors of the HTTP framework, by its stable codes; one that is not here is the client's or ours by its status. */
const frameworkReasons: Readonly<Record<string, Reason>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'request.media_type',
  FST_ERR_CTP_BODY_TOO_LARGE: 'request.too_large',
  FST_ERR_BAD_URL: 'route.not_found',
  FST_ERR_NOT_FOUND: 'route.not_found',
  FST_ERR_MAX_PARAM_LENGTH: 'route.not_found',
}

/** Turns whatever was thrown into the one error class. */
export const errorOf = (thrown: unknown): SallyportError => {
  if (thrown instanceof SallyportError) return thrown
  const { code, statusCode } = z
    .object({ code: z.string().catch(''), statusCode: z.number().catch(500) })
    .catch({ code: '', statusCode: 500 })
    .parse(thrown)
  const reason = frameworkReasons[code] ?? (statusCode < 500 ? 'request.invalid' : 'internal')
  return new SallyportError(reason, undefined, { cause: thrown })
}

/** Which fields are wrong: found here, or by the service behind, which names them as in the contract. */
const fieldsOf = ({ cause, message, metadata }: SallyportError): FieldProblem[] | undefined => {
  if (cause instanceof InputProblems) return [...cause.fields]
  const { field } = metadata
  if (field === undefined) return undefined
  const name = field.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
  return [{ field: `body.${name}`, message: message.replace(`${field} `, '') }]
}
