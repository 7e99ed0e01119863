import { createHash } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Secret } from '@sallyport/crypto/secret'
import { AwsClient } from 'aws4fetch'
import { BackupError } from '../backup/backup-error.ts'
import { foldersOf } from './list-answer.ts'
import { checkedName, missingObject, type ObjectStore, tooLargeObject } from './object-store.ts'

export type S3Options = {
  /** `https://s3.eu-central-1.amazonaws.com`, or another server that speaks the same; paths name the bucket. */
  readonly endpoint: string
  readonly region: string
  readonly bucket: string
  /** Before every name; empty, or ending in `/`. */
  readonly prefix: string
  readonly accessKeyId: string
  readonly secretAccessKey: Secret
}

type Call = {
  readonly method: 'GET' | 'PUT' | 'HEAD'
  readonly url: string
  readonly body?: Uint8Array<ArrayBuffer>
}

/** For one object of 64 MiB. */
const deadlineMs = 300_000
const tries = 5

/** Backups in a bucket. Requests are signed with AWS Signature Version 4, and tried again while S3 is busy. */
export const s3Store = (options: S3Options): ObjectStore => {
  const { endpoint, region, bucket, prefix, accessKeyId, secretAccessKey } = options
  const client = new AwsClient({
    accessKeyId,
    secretAccessKey: secretAccessKey.use(bytes => bytes.toString('utf8').trim()),
    region,
    service: 's3',
    retries: 0,
  })
  const base = `${endpoint.replace(/\/$/, '')}/${bucket}`
  const urlOf = (name: string): string => `${base}/${prefix}${checkedName(name)}`
  const call = (what: Call): Promise<Response> => repeat(() => once(client, what), what)
  return {
    put: async (name, content) => {
      const body = new Uint8Array(content)
      await expectOk(await call({ method: 'PUT', url: urlOf(name), body }), 'written', name)
    },
    get: async (name, maxBytes) => {
      const response = await call({ method: 'GET', url: urlOf(name) })
      if (response.status === 404) throw await drained(response, missingObject(name))
      await expectOk(response, 'read', name)
      return await readAtMost(response, maxBytes, name)
    },
    size: async name => {
      const response = await call({ method: 'HEAD', url: urlOf(name) })
      if (response.status === 404) return undefined
      await expectOk(response, 'found', name)
      return Number(response.headers.get('content-length'))
    },
    folders: async folder => {
      const found: string[] = []
      const below = `${prefix}${checkedName(folder)}/`
      for (let token: string | undefined, first = true; first || token; first = false) {
        const query = new URLSearchParams({ 'list-type': '2', delimiter: '/', prefix: below })
        if (token) query.set('continuation-token', token)
        const response = await call({ method: 'GET', url: `${base}?${query.toString()}` })
        await expectOk(response, 'listed', folder)
        const page = foldersOf(await response.text(), below)
        found.push(...page.folders)
        token = page.next
      }
      return found.toSorted()
    },
  }
}

const once = (client: AwsClient, { method, url, body }: Call): Promise<Response> => {
  const sha256 = createHash('sha256')
    .update(body ?? '')
    .digest('hex')
  return client.fetch(url, {
    method,
    ...(body && { body }),
    // Signed with the request, so that what arrives is what was sent, whatever carries it.
    headers: { 'x-amz-content-sha256': sha256 },
    redirect: 'error',
    signal: AbortSignal.timeout(deadlineMs),
  })
}

/** Every call can be repeated: an object is always written whole, with the same content. */
const repeat = async (work: () => Promise<Response>, { method, url }: Call): Promise<Response> => {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await work().catch((cause: unknown) => cause)
    if (answer instanceof Response && !isBusy(answer)) return answer
    if (attempt === tries) {
      const why = answer instanceof Response ? `it answers ${answer.status}` : reasonOf(answer)
      throw new BackupError(`S3 cannot be used: ${why} (${method} ${new URL(url).host})`, { cause: answer })
    }
    if (answer instanceof Response) await answer.body?.cancel()
    await pause(200 * 2 ** attempt)
  }
}

const isBusy = ({ status }: Response): boolean => status === 429 || status >= 500

const reasonOf = (thrown: unknown): string => {
  const cause = thrown instanceof Error ? (thrown.cause ?? thrown) : thrown
  return cause instanceof Error ? cause.message : 'it cannot be reached'
}

const expectOk = async (response: Response, done: string, name: string): Promise<void> => {
  if (response.ok) return
  const status = response.status
  const advice = status === 403 ? ': the key may not, or is wrong' : ''
  throw await drained(
    response,
    new BackupError(`${name} could not be ${done}: S3 answers ${status}${advice}`),
  )
}

const drained = async (response: Response, error: BackupError): Promise<BackupError> => {
  await response.body?.cancel()
  return error
}

const readAtMost = async (response: Response, maxBytes: number, name: string): Promise<Buffer> => {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > maxBytes) throw tooLargeObject(name)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
