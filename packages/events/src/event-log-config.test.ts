import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Environment, readConfig } from '@sallyport/config/reader'
import { afterAll, describe, expect, it } from 'vitest'
import { readEventLog } from './event-log-config.ts'

const directory = mkdtempSync(join(tmpdir(), 'sallyport-kafka-config-'))
afterAll(() => rmSync(directory, { recursive: true }))

const file = (name: string, content: string): string => {
  const path = join(directory, name)
  writeFileSync(path, content)
  return path
}

const read = (environment: Environment) => readConfig(environment, readEventLog)
const brokers = { SALLYPORT_KAFKA_BROKERS: 'kafka-1:9093, [::1]:9093' }

describe('readEventLog', () => {
  it('takes PostgreSQL where there are no brokers', () => {
    expect(read({ SALLYPORT_EVENT_LOG_URL: 'postgresql://…' })).toEqual({
      kind: 'postgres',
      url: 'postgresql://…',
    })
  })

  it('goes to brokers over TLS unless told otherwise', () => {
    expect(read(brokers)).toMatchObject({
      kind: 'kafka',
      connection: { brokers: ['kafka-1:9093', '[::1]:9093'], tls: {}, login: undefined },
    })
    expect(read({ ...brokers, SALLYPORT_KAFKA_TLS: 'false' })).toMatchObject({
      connection: { tls: undefined },
    })
  })

  it('reads certificates and the password from files, without the line break at its end', () => {
    const config = read({
      ...brokers,
      SALLYPORT_KAFKA_TLS_AUTHORITY_FILE: file('ca.pem', 'authority'),
      SALLYPORT_KAFKA_TLS_CERTIFICATE_FILE: file('cert.pem', 'certificate'),
      SALLYPORT_KAFKA_TLS_KEY_FILE: file('key.pem', 'key'),
      SALLYPORT_KAFKA_USERNAME: 'sallyport',
      SALLYPORT_KAFKA_PASSWORD_FILE: file('password', ' of bytes \n'),
    })
    expect(config).toMatchObject({
      connection: {
        tls: {
          authority: Buffer.from('authority'),
          certificate: Buffer.from('certificate'),
          privateKey: Buffer.from('key'),
        },
        login: { username: 'sallyport', password: ' of bytes ' },
      },
    })
  })

  it.each<[Environment, RegExp]>([
    [{}, /SALLYPORT_EVENT_LOG_URL is not set/],
    [{ ...brokers, SALLYPORT_EVENT_LOG_URL: 'postgresql://…' }, /exclude each other/],
    [{ SALLYPORT_KAFKA_BROKERS: 'kafka' }, /list of addresses with their ports/],
    [{ SALLYPORT_KAFKA_BROKERS: 'https://kafka:9093' }, /list of addresses with their ports/],
    [{ ...brokers, SALLYPORT_KAFKA_TLS: 'maybe' }, /SALLYPORT_KAFKA_TLS must be true or false/],
    [{ ...brokers, SALLYPORT_KAFKA_TLS_KEY_FILE: '/dev/null' }, /go together/],
    [{ ...brokers, SALLYPORT_KAFKA_TLS_AUTHORITY_FILE: '/missing' }, /cannot be read: \/missing/],
    [{ ...brokers, SALLYPORT_KAFKA_USERNAME: 'sallyport' }, /go together/],
    [{ ...brokers, SALLYPORT_KAFKA_PASSWORD_FILE: '/dev/null' }, /go together/],
  ])('refuses %o', (environment, problem) => {
    expect(() => read(environment)).toThrow(problem)
  })
})
