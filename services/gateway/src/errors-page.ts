import { isReason, type Reason, reasons } from '@sallyport/errors/reasons'
import { httpStatusOf } from './edge/problem.ts'

const introduction = `# Errors

Every refusal and failure of the REST API is a problem document ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)):

\`\`\`json
{
  "type": "urn:sallyport:error:version.conflict",
  "title": "Somebody else changed it since you read it",
  "status": 412,
  "detail": "Somebody else changed it since you read it",
  "instance": "0f5f0c0e-6f0f-4a55-9a2c-0b1f6f6f7d11",
  "reason": "version.conflict"
}
\`\`\`

- \`reason\` is stable: match on it. It is also the last part of \`type\`, and the \`reason\` of \`google.rpc.ErrorInfo\`
  between services.
- \`instance\` is the request's id, as in the header \`X-Request-Id\` and in the logs.
- \`errors\`, for \`request.invalid\`, names each bad field. It never quotes a value.
- \`metadata\` has what a program may need, such as \`retryAfterSeconds\`.
- A failure of ours (5xx) tells nothing but its id.
- What you may not see is \`not_found\`, exactly as if it were not there.
`

/** The text of docs/errors.md, made of the table of reasons. */
export const errorsPage = (): string => {
  const rows = Object.keys(reasons).filter(isReason).toSorted().map(rowOf)
  return [introduction, '| reason | code | HTTP | title |', '|---|---|---|---|', ...rows, ''].join('\n')
}

const rowOf = (reason: Reason): string => {
  const { code, title } = reasons[reason]
  return `| \`${reason}\` | ${code} | ${httpStatusOf(reason)} | ${title} |`
}
