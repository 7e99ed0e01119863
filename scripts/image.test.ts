import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDevelopmentKeyRing } from '../packages/crypto/src/file-key-provider.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../packages/postgres/src/embedded.ts'
import { freePort } from '../packages/postgres/src/free-port.ts'
import { createServiceAuthority } from '../packages/rpc/src/authority.ts'
import { eventually } from '../packages/testing/src/eventually.ts'
import { roleUrls } from '../services/maintenance/tests/migrate-job.ts'
import { compile } from './compile.ts'
import { makeImage } from './image.ts'
import { nameAndVersion } from './lockfile.ts'
import type { Sbom } from './sbom.ts'

const services = [
  'access-control',
  'audit',
  'execution',
  'gateway',
  'maintenance',
  'session-proxy',
  'synthetic-user',
  'vault',
] as const
type Service = (typeof services)[number]

/** The programs of an image, and what each lacks in an empty environment. */
const programs: readonly (readonly [service: Service, program: string, lacks: string])[] = [
  ['access-control', 'main', 'SALLYPORT_ACCESS_CONTROL_KEY_RING_FILE'],
  ['access-control', 'bootstrap-main', 'SALLYPORT_ACCESS_CONTROL_DATABASE_URL'],
  ['audit', 'main', 'SALLYPORT_AUDIT_CHAIN_KEY_FILE'],
  ['audit', 'topics-main', 'SALLYPORT_EVENT_LOG_URL'],
  ['execution', 'main', 'SALLYPORT_EXECUTION_DATABASE_URL'],
  ['gateway', 'main', 'SALLYPORT_GATEWAY_ORIGINS'],
  ['maintenance', 'migrate-main', 'SALLYPORT_VAULT_OWNER_DATABASE_URL'],
  ['session-proxy', 'main', 'SALLYPORT_RECORDING_KEY_FILE'],
  ['synthetic-user', 'main', 'SALLYPORT_SYNTHETIC_TARGET'],
  ['vault', 'main', 'SALLYPORT_VAULT_ROOT_KEY_FILE'],
]

describe('What an image contains', () => {
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-images-'))
  // Which belongs to PostgreSQL’s own user, who cannot reach into the other.
  const postgres = mkdtempSync(join(tmpdir(), 'sallyport-image-postgres-'))
  const image = (service: Service): string => join(directory, service)
  /** As a container runs it: with no environment but the given one. */
  const run = (service: Service, program: string, environment: Readonly<Record<string, string>>) =>
    spawnSync(process.execPath, [`services/${service}/dist/${program}.js`], {
      cwd: image(service),
      env: environment,
      encoding: 'utf8',
      timeout: 60_000,
    })

  beforeAll(() => {
    const compiled = join(directory, 'compiled')
    compile(compiled)
    for (const service of services) makeImage(service, compiled, image(service))
  }, 120_000)
  afterAll(() => {
    for (const each of [directory, postgres]) rmSync(each, { recursive: true })
    // Eight images: on a disk that is busy with other tests it took more than ten seconds.
  }, 60_000)

  it.each(programs)(
    'of %s starts %s, which says that it lacks a configuration',
    (service, program, lacks) => {
      const { status, stderr } = run(service, program, {})
      expect({ status, stderr }).toEqual({
        status: 78,
        stderr: expect.stringContaining(`${lacks} is not set`),
      })
      expect(stderr).not.toMatch(/\n {4}at /)
    },
  )

  it.each(services)(
    'is compiled code of %s and packages of its bill of materials, and nothing else',
    service => {
      const bill: Sbom = JSON.parse(readFileSync(join(image(service), 'sbom.json'), 'utf8'))
      const billed = new Set(bill.components.map(({ name, version }) => `${name}@${version}`))
      const places = globSync('node_modules/.pnpm/*/node_modules/{*,@*/*}/package.json', {
        cwd: image(service),
      })
      const contained = places
        .filter(path => !path.includes('/node_modules/@sallyport/'))
        .map(path => JSON.parse(readFileSync(join(image(service), path), 'utf8')))
        .map(({ name, version }) => `${name}@${version}`)
      expect(contained.length).toBeGreaterThan(0)
      expect(contained.filter(id => !billed.has(id))).toEqual([])
      expect([...billed].filter(id => !contained.includes(id)).map(id => nameAndVersion(id).name)).toEqual([])
      expect(globSync('{services,packages}/**/*.{ts,test.js}', { cwd: image(service) })).toEqual([])
      expect(globSync('services/*', { cwd: image(service) })).toEqual(
        service === 'maintenance'
          ? expect.arrayContaining(['services/maintenance'])
          : [`services/${service}`],
      )
    },
  )

  describe('is enough', () => {
    let server: EmbeddedPostgres
    let urls: Readonly<Record<string, string>>
    let secrets: Readonly<Record<string, string>>
    let migrated: ReturnType<typeof run>

    beforeAll(async () => {
      server = await startEmbeddedPostgres({ directory: postgres })
      urls = roleUrls(server.adminUrl('postgres'), ['owner', 'app', 'worker'], role => `of-${role}`)
      migrated = run('maintenance', 'migrate-main', {
        ...urls,
        SALLYPORT_ADMIN_DATABASE_URL: server.adminUrl('postgres'),
      })
      const authority = await createServiceAuthority()
      const keyRing = join(directory, 'key-ring.json')
      await createDevelopmentKeyRing(keyRing)
      secrets = {
        ...filesOf(join(directory, 'urls'), urls),
        ...filesOf(join(directory, 'session-proxy-tls'), await authority.issue('session-proxy')),
        keyRing,
      }
    }, 60_000)
    afterAll(() => server[Symbol.asyncDispose]())

    const filesOf = (below: string, contents: object): Readonly<Record<string, string>> => {
      mkdirSync(below, { mode: 0o700 })
      const written = Object.entries(contents).filter(
        ([, content]) => typeof content === 'string' || Buffer.isBuffer(content),
      )
      return Object.fromEntries(
        written.map(([name, content]) => {
          writeFileSync(join(below, name), content, { mode: 0o600 })
          return [name, join(below, name)]
        }),
      )
    }
    const secret = (name: string): string => secrets[name] ?? ''
    const common = (schema: 'ACCESS_CONTROL' | 'SESSION_PROXY') => ({
      NODE_ENV: 'production',
      [`SALLYPORT_${schema}_PORT`]: '0',
      [`SALLYPORT_${schema}_DATABASE_URL_FILE`]: secret(`SALLYPORT_${schema}_DATABASE_URL`),
      [`SALLYPORT_${schema}_WORKER_DATABASE_URL_FILE`]: secret(`SALLYPORT_${schema}_WORKER_DATABASE_URL`),
      SALLYPORT_EVENT_LOG_URL_FILE: secret('SALLYPORT_EVENT_LOG_DATABASE_URL'),
      SALLYPORT_ACCESS_CONTROL_ADDRESS: '127.0.0.1:1',
      SALLYPORT_VAULT_ADDRESS: '127.0.0.1:1',
      SALLYPORT_TLS_CERTIFICATE_FILE: secret('certificate'),
      SALLYPORT_TLS_KEY_FILE: secret('privateKey'),
      SALLYPORT_TLS_AUTHORITY_FILE: secret('authority'),
    })

    it('to bring a database up to date', () => {
      expect(migrated).toMatchObject({ status: 0, stderr: '' })
    })

    it('to serve SSH with the native addon, and to make the first administrator beside a service', async () => {
      const [sshPort, healthPort] = [await freePort(), await freePort()]
      const child = spawn(process.execPath, ['services/session-proxy/dist/main.js'], {
        cwd: image('session-proxy'),
        env: {
          ...common('SESSION_PROXY'),
          SALLYPORT_SSH_PORT: `${sshPort}`,
          SALLYPORT_HEALTH_PORT: `${healthPort}`,
          SALLYPORT_SSH_HOST_KEY_FILE: join(directory, 'ssh_host_ed25519_key'),
          SALLYPORT_RECORDING_DIRECTORY: join(directory, 'recordings'),
          SALLYPORT_RECORDING_KEY_FILE: secret('keyRing'),
        },
        stdio: ['ignore', 'ignore', 'inherit'],
      })
      const ended = once(child, 'exit')
      try {
        await eventually(async () => (await fetch(`http://127.0.0.1:${healthPort}/readyz`)).ok)
        const socket = connect(sshPort, '127.0.0.1')
        const [greeting] = await once(socket, 'data')
        socket.destroy()
        expect(String(greeting)).toMatch(/^SSH-2\.0-/)

        // As in the container of a running service, whose ports are taken.
        const first = run('access-control', 'bootstrap-main', {
          ...common('ACCESS_CONTROL'),
          SALLYPORT_ACCESS_CONTROL_KEY_RING_FILE: secret('keyRing'),
          SALLYPORT_HEALTH_PORT: `${healthPort}`,
        })
        expect(first).toMatchObject({
          status: 0,
          stdout: expect.stringMatching(/first time is:\n\S{16,}\n$/),
        })
      } finally {
        child.kill('SIGTERM')
      }
      expect(await ended).toEqual([0, null])
    }, 120_000)
  })
})
