import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { type Environment, readConfig } from '../../packages/config/src/reader.ts'
import { readEventLog } from '../../packages/events/src/event-log-config.ts'
import { readAccessControlConfig } from '../../services/access-control/src/config.ts'
import { readAuditConfig } from '../../services/audit/src/config.ts'
import { readExecutionConfig } from '../../services/execution/src/config.ts'
import { readGatewayConfig } from '../../services/gateway/src/config.ts'
import { readBackupConfig, readProveConfig } from '../../services/maintenance/src/backup-config.ts'
import { readMigrationConfig } from '../../services/maintenance/src/config.ts'
import { readSessionProxyConfig } from '../../services/session-proxy/src/config.ts'
import { readSyntheticUserConfig } from '../../services/synthetic-user/src/config.ts'
import { readVaultConfig } from '../../services/vault/src/config.ts'
import { missingKubernetesTools } from '../tools/kubernetes-tools.ts'
import { environmentBelow, mountSecrets } from './mounted.ts'
import { containersOf, podsOf } from './pods.ts'
import { render, sizes } from './rendered.ts'
import { needs } from './needs.ts'

const missing = missingKubernetesTools()
needs(missing)

/** Who reads the environment of each container. */
const readers: Readonly<Record<string, (environment: Environment) => object>> = {
  'access-control': readAccessControlConfig,
  audit: readAuditConfig,
  backup: readBackupConfig,
  execution: readExecutionConfig,
  gateway: readGatewayConfig,
  migrations: readMigrationConfig,
  proof: readProveConfig,
  'session-proxy': readSessionProxyConfig,
  'synthetic-user': readSyntheticUserConfig,
  topics: environment => readConfig(environment, readEventLog),
  vault: readVaultConfig,
}

/** Notes what is asked of it. */
const watched = (environment: Environment, asked: Set<string>): Environment =>
  new Proxy(environment, {
    get: (values, name) => {
      asked.add(String(name))
      return Reflect.get(values, name)
    },
  })

// A URL as migrations read it: with the role that the file is for.
const contentOf = (path: string): string => {
  if (path.endsWith('-recipient')) return 'age1examplekey\n'
  const [, schema = '', kind = ''] = /database\/([a-z-]+)\/(url|worker-url|owner-url)$/.exec(path) ?? []
  const suffix = { url: '', 'worker-url': '_worker', 'owner-url': '_owner' }[kind]
  return `postgresql://sallyport_${schema.replaceAll('-', '_')}${suffix}:x@db/sallyport\n`
}

const neverSet: Readonly<Record<string, string>> = {
  SALLYPORT_BACKUP_METRICS_FILE: 'the job’s own status tells when it succeeded',
  SALLYPORT_CRASH_AT: 'only tests set it, and then only with NODE_ENV=test',
}

describe('The environment in the chart', () => {
  // Skipped tests are collected, too.
  const root = missing ? '' : mkdtempSync(join(tmpdir(), 'sallyport-mounted-'))
  afterAll(() => {
    if (root !== '') rmSync(root, { recursive: true })
  })

  const containers = (missing ? [] : sizes).flatMap(size =>
    podsOf(render(size)).flatMap(pod =>
      containersOf(pod)
        .filter(({ name }) => name !== 'ready')
        .map(container => ({ size, pod, container, below: join(root, size, container.name) })),
    ),
  )

  it.each(containers)('is one that $container.name reads without a complaint: $size', each => {
    const { pod, container, below } = each
    mountSecrets(below, pod, container, contentOf)
    const read = readers[container.name]
    expect(() => read?.(environmentBelow(below, container))).not.toThrow()
    expect(read).toBeDefined()
  })

  it.each(Object.keys(readers))(
    'has every variable that %s asks for, and none that nobody asks for',
    name => {
      const asked = new Set<string>()
      const set = new Set<string>()
      for (const { container, below } of containers.filter(({ container }) => container.name === name)) {
        const environment = environmentBelow(below, container)
        for (const key of Object.keys(environment)) set.add(key)
        readers[name]?.(watched(environment, asked))
      }
      // A secret is in a file, whose variable stands for the plain one. Brokers stand for the other event log.
      const isInFile = (variable: string): boolean =>
        [...set, ...(set.has('SALLYPORT_KAFKA_BROKERS') ? ['SALLYPORT_EVENT_LOG_URL_FILE'] : [])].includes(
          `${variable}_FILE`,
        )
      const lacking = [...asked].filter(
        key => key.startsWith('SALLYPORT_') && !set.has(key) && !isInFile(key) && !(key in neverSet),
      )
      expect(lacking).toEqual([])
      expect([...set].filter(key => key !== 'NODE_ENV' && !asked.has(key))).toEqual([])
    },
  )
})
