import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { freePort } from '@sallyport/postgres/free-port'
import { eventually } from '@sallyport/testing/eventually'
import { AwsClient } from 'aws4fetch'

/** A real S3 server that checks signatures, with one bucket and one user who may use it. */
export type S3Server = AsyncDisposable & {
  readonly endpoint: string
  readonly bucket: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /**
   * From now on signatures are not checked. Older versions of the server compute them wrongly where a query has slashes, as
   * lists have.
   */
  readonly trustEverybody: () => Promise<void>
}

/** The calls of `startS3Server` itself; from then on every request must be signed. */
const unsignedCalls = 4
const policy = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }] }

/** @param program moto’s server: `pip install 'moto[server]'` */
export const startS3Server = async (program: string): Promise<S3Server> => {
  const port = await freePort()
  const child = spawn(program, ['-H', '127.0.0.1', '-p', `${port}`], {
    env: { ...process.env, INITIAL_NO_AUTH_ACTION_COUNT: `${unsignedCalls}` },
    stdio: 'ignore',
  })
  const endpoint = `http://127.0.0.1:${port}`
  try {
    await eventually(async () => (await fetch(`${endpoint}/moto-api/`)).ok || false, 30_000)
    const bucket = 'backups'
    const keys = await makeUser(endpoint, bucket)
    return {
      endpoint,
      bucket,
      ...keys,
      trustEverybody: async () => {
        await fetch(`${endpoint}/moto-api/reset-auth`, { method: 'POST', body: '1000000' })
      },
      [Symbol.asyncDispose]: async () => {
        const ended = once(child, 'exit')
        child.kill('SIGKILL')
        await ended
      },
    }
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  }
}

const makeUser = async (
  endpoint: string,
  bucket: string,
): Promise<Pick<S3Server, 'accessKeyId' | 'secretAccessKey'>> => {
  const nobody = { accessKeyId: 'none', secretAccessKey: 'none', region: 'us-east-1' }
  const iam = new AwsClient({ ...nobody, service: 'iam' })
  const call = async (parameters: Record<string, string>): Promise<string> => {
    const body = new URLSearchParams({ Version: '2010-05-08', UserName: 'backup', ...parameters })
    const response = await iam.fetch(`${endpoint}/`, { method: 'POST', body: body.toString(), headers: form })
    const text = await response.text()
    if (!response.ok) throw new Error(text)
    return text
  }
  await call({ Action: 'CreateUser' })
  await call({ Action: 'PutUserPolicy', PolicyName: 'all', PolicyDocument: JSON.stringify(policy) })
  const made = await call({ Action: 'CreateAccessKey' })
  await new AwsClient({ ...nobody, service: 's3' }).fetch(`${endpoint}/${bucket}`, { method: 'PUT' })
  const valueOf = (tag: string): string => new RegExp(`<${tag}>([^<]+)<`).exec(made)?.[1] ?? ''
  return { accessKeyId: valueOf('AccessKeyId'), secretAccessKey: valueOf('SecretAccessKey') }
}

const form = { 'content-type': 'application/x-www-form-urlencoded' }
