// Runs after every install: generates what is not committed, and builds ssh2's native addon against our own Node.
// Each step is skipped while its inputs are unchanged.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, globSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const root: string = dirname(import.meta.dirname)
const stamps: string = join(root, 'node_modules/.sallyport')

const run = (
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): void => {
  execFileSync(join(root, 'node_modules/.bin', command), args, {
    cwd: options.cwd ?? root,
    env: {
      ...process.env,
      ...options.env,
      PATH: `${join(root, 'node_modules/.bin')}:${process.env['PATH']}`,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

const step = (name: string, inputs: readonly string[], output: string, work: () => void): void => {
  const hash = createHash('sha256').update(process.version)
  for (const input of inputs.toSorted()) hash.update(input).update(readFileSync(join(root, input)))
  const digest = hash.digest('hex')
  const stamp = join(stamps, name)
  if (existsSync(stamp) && existsSync(output) && readFileSync(stamp, 'utf8') === digest) return
  work()
  mkdirSync(stamps, { recursive: true })
  writeFileSync(stamp, digest)
}

const contracts = (): void =>
  step(
    'contracts',
    [...globSync('proto/**/*.proto', { cwd: root }), 'buf.gen.yaml', 'pnpm-lock.yaml'],
    join(root, 'packages/contracts/generated'),
    () => run('buf', ['generate']),
  )

const prismaClients = (): void => {
  for (const schema of globSync('services/*/prisma/schema.prisma', { cwd: root })) {
    const service = schema.split('/')[1] ?? ''
    step(
      `prisma-${service}`,
      [schema, 'pnpm-lock.yaml'],
      join(root, 'services', service, 'src/generated/prisma'),
      () =>
        run('prisma', ['generate', '--schema', schema], {
          // The schema engine is a download, and `generate` does not need it.
          env: { PRISMA_SCHEMA_ENGINE_BINARY: '/bin/true' },
        }),
    )
  }
}

/** ssh2 runs without its addon, but about ten times slower: a machine without a compiler gets one warning. */
const sshAddon = (): void => {
  const ssh2 = realpathSync(join(root, 'services/session-proxy/node_modules/ssh2'))
  const addon = join(ssh2, 'lib/protocol/crypto')
  const headers = realpathSync(join(dirname(realpathSync(process.execPath)), '..'))
  const built = join(addon, 'build/Release/sshcrypto.node')
  if (existsSync(built)) return
  try {
    run('node-gyp', ['rebuild'], { cwd: addon, env: { npm_config_nodedir: headers } })
  } catch {
    process.stderr.write(
      '\nNo C++ compiler that works: SSH will run without its native ciphers, about ten times slower.\n',
    )
    process.stderr.write(
      'Install one (Debian: apt-get install build-essential python3), then: npx pnpm@12 rebuild\n\n',
    )
  }
}

contracts()
prismaClients()
sshAddon()
