import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '@sallyport/postgres/free-port'
import { eventually } from '@sallyport/testing/eventually'
import { findPrometheus } from '@sallyport/testing/promtool'

export type Scraped = { readonly service: string; readonly port: number }

/** A real Prometheus with the chart’s alerts. Disposing it stops it and removes what it kept. */
export type Prometheus = AsyncDisposable & { readonly url: string }

const alerts = join(import.meta.dirname, '../../charts/sallyport/files/alerts.yaml')

/** Asks each every five seconds, with the labels that the chart’s PodMonitor gives. */
export const startPrometheus = async (scraped: readonly Scraped[]): Promise<Prometheus> => {
  const program = findPrometheus()
  if (!program) throw new Error('There is no Prometheus here: npx pnpm@12 test fetches it')
  await using stack = new AsyncDisposableStack()
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-prometheus-'))
  stack.defer(() => rm(directory, { recursive: true, force: true }))
  const file = join(directory, 'prometheus.yaml')
  const static_configs = scraped.map(({ service, port }) => ({
    targets: [`127.0.0.1:${port}`],
    labels: { service, namespace: 'sallyport' },
  }))
  const config = {
    global: { scrape_interval: '5s', evaluation_interval: '5s' },
    rule_files: [alerts],
    scrape_configs: [{ job_name: 'sallyport/sallyport-services', static_configs }],
  }
  await writeFile(file, JSON.stringify(config))
  const listens = `127.0.0.1:${await freePort()}`
  const args = [
    `--config.file=${file}`,
    `--storage.tsdb.path=${directory}/data`,
    `--web.listen-address=${listens}`,
  ]
  const child = spawn(program, args, { stdio: 'ignore' })
  const ended = once(child, 'close')
  stack.defer(async () => {
    child.kill('SIGTERM')
    await ended
  })
  const url = `http://${listens}`
  await eventually(async () => (await fetch(`${url}/-/ready`)).ok, 30_000)
  const owned = stack.move()
  return { url, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}
