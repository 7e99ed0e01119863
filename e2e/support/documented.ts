import type { RouteName } from '@sallyport/gateway/http/routes'
import { type JsonSchema, misfitsOf } from '../../services/gateway/tests/json-schema.ts'

type Reply = { readonly content?: Readonly<Record<string, { readonly schema: JsonSchema }>> }
type Operation = { readonly operationId: RouteName; readonly responses: Readonly<Record<string, Reply>> }
export type Document = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> }
}

/** What is sent to a route. */
export type Request = {
  readonly token?: string | undefined
  readonly params?: Readonly<Record<string, string>>
  readonly query?: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** 0: `If-None-Match: *`. */
  readonly ifMatch?: number
}

export type Answer = { readonly status: number; readonly body: unknown; readonly misfits: readonly string[] }

/** The API as its document describes it: every answer is compared with what it says. */
export type DocumentedApi = {
  readonly send: (name: RouteName, request: Request) => Promise<Answer>
  /** Sends and expects the documented success. @throws Error telling what came instead */
  readonly succeed: <T = unknown>(name: RouteName, request: Request) => Promise<T>
  /** The routes that succeeded. */
  readonly proved: ReadonlySet<RouteName>
}

export const documentedApi = (baseUrl: string, document: Document): DocumentedApi => {
  const operations = new Map(
    Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(
        ([method, operation]) => [operation.operationId, { path, method, operation }] as const,
      ),
    ),
  )
  const proved = new Set<RouteName>()
  const send: DocumentedApi['send'] = async (name, request) => {
    const route = operations.get(name)
    if (!route) throw new Error(`${name} is not documented`)
    const response = await fetch(urlOf(baseUrl, route.path, request), {
      method: route.method.toUpperCase(),
      headers: headersOf(request),
      ...(request.body !== undefined && { body: JSON.stringify(request.body) }),
    })
    const type = (response.headers.get('content-type') ?? '').split(';')[0] ?? ''
    const reply = route.operation.responses[String(response.status)]
    const schema = reply?.content?.[type]?.schema
    const body = await bodyOf(response, type)
    const misfits =
      body === undefined ? [] : misfitsOf(body, schema ?? { enum: [] }, document.components.schemas)
    const undocumented = reply ? [] : [`the status ${response.status} is not documented`]
    return { status: response.status, body, misfits: [...undocumented, ...misfits] }
  }
  return {
    send,
    proved,
    succeed: async <T>(name: RouteName, request: Request): Promise<T> => {
      const { status, body, misfits } = await send(name, request)
      if (status >= 300 || misfits.length > 0) {
        throw new Error(`${name}: ${status} ${JSON.stringify(body)} ${misfits.join('; ')}`)
      }
      proved.add(name)
      return body as T
    },
  }
}

const urlOf = (baseUrl: string, path: string, { params = {}, query }: Request): string => {
  const filled = path.replace(/\{(\w+)\}/g, (_all, name: string) => params[name] ?? '')
  return `${baseUrl}${filled}${query ? `?${query}` : ''}`
}

const headersOf = ({ token, body, ifMatch, headers }: Request): Record<string, string> => ({
  ...(token && { authorization: `Bearer ${token}` }),
  ...(body !== undefined && { 'content-type': 'application/json' }),
  ...(ifMatch === 0 && { 'if-none-match': '*' }),
  ...(ifMatch && { 'if-match': `"${ifMatch}"` }),
  ...headers,
})

/** The body of a document; a stream is given up after its first piece, and is not compared. */
const bodyOf = async (response: Response, type: string): Promise<unknown> => {
  if (type === 'text/event-stream') return response.body?.cancel()
  const text = await response.text()
  return text === '' || type === 'application/x-asciicast' ? undefined : JSON.parse(text)
}
