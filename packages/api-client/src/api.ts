type Problem = { reason?: string; detail?: string; errors?: { field: string; message: string }[] }

/** A refusal of the REST API, as RFC 9457 problem details. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem'
  readonly status: number
  readonly reason: string

  constructor(status: number, problem: Problem) {
    const fields = (problem.errors ?? []).map(({ field, message }) => `; ${field} ${message}`)
    super(`${problem.detail ?? `HTTP ${status}`}${fields.join('')}`)
    this.status = status
    this.reason = problem.reason ?? 'unknown'
  }
}

type RequestOptions = {
  readonly body?: unknown
  /** The version that was read; 0: there must be none yet. */
  readonly ifMatch?: number
  readonly idempotencyKey?: string
}

/** The REST API as one person or program. */
export type Api = {
  readonly baseUrl: string
  readonly token: string | undefined
  readonly get: <T>(path: string) => Promise<T>
  readonly post: <T>(path: string, body?: unknown, options?: Omit<RequestOptions, 'body'>) => Promise<T>
  readonly put: <T>(path: string, body: unknown, options?: Omit<RequestOptions, 'body'>) => Promise<T>
  readonly patch: <T>(path: string, body: unknown, ifMatch: number) => Promise<T>
  readonly delete: (path: string, ifMatch?: number) => Promise<void>
  /** The raw answer, for streams and downloads. */
  readonly fetch: (
    method: string,
    path: string,
    options?: RequestOptions & { signal?: AbortSignal },
  ) => Promise<Response>
}

export type ApiOptions = {
  /** After which a call that has no signal of its own is given up; never unless given. */
  readonly deadlineMs?: number
}

/** Connects to `/v1` of a gateway. Every refusal is thrown as an ApiProblem. */
export const connectApi = (baseUrl: string, token?: string, { deadlineMs }: ApiOptions = {}): Api => {
  const send: Api['fetch'] = async (method, path, options = {}) => {
    const signal = options.signal ?? (deadlineMs === undefined ? undefined : AbortSignal.timeout(deadlineMs))
    const response = await fetch(`${baseUrl}/v1${path}`, {
      method,
      headers: headersOf(token, options),
      ...(options.body !== undefined && { body: JSON.stringify(options.body) }),
      ...(signal && { signal }),
    })
    if (!response.ok) throw new ApiProblem(response.status, await problemOf(response))
    return response
  }
  const json = async <T>(method: string, path: string, options: RequestOptions = {}): Promise<T> => {
    const text = await (await send(method, path, options)).text()
    return (text === '' ? undefined : JSON.parse(text)) as T
  }
  return {
    baseUrl,
    token,
    get: path => json('GET', path),
    post: (path, body, options) => json('POST', path, { ...options, ...(body !== undefined && { body }) }),
    put: (path, body, options) => json('PUT', path, { ...options, body }),
    patch: (path, body, ifMatch) => json('PATCH', path, { body, ifMatch }),
    delete: (path, ifMatch) => json('DELETE', path, ifMatch === undefined ? {} : { ifMatch }),
    fetch: send,
  }
}

const headersOf = (
  token: string | undefined,
  { body, ifMatch, idempotencyKey }: RequestOptions,
): Record<string, string> => ({
  ...(token && { authorization: `Bearer ${token}` }),
  ...(body !== undefined && { 'content-type': 'application/json' }),
  ...(ifMatch === 0 && { 'if-none-match': '*' }),
  ...(ifMatch && { 'if-match': `"${ifMatch}"` }),
  ...(idempotencyKey && { 'idempotency-key': idempotencyKey }),
})

const problemOf = async (response: Response): Promise<Problem> => {
  try {
    return (await response.json()) as Problem
  } catch {
    return {}
  }
}
