import { monitorEventLoopDelay } from 'node:perf_hooks'
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus'
import { MeterProvider } from '@opentelemetry/sdk-metrics'
import {
  type CounterName,
  type GaugeName,
  type HistogramName,
  type LabelsOf,
  metricCatalogue,
  type MetricName,
} from './metric-catalogue.ts'

/** What a gauge says: a value, or one for each of its labels' values. */
export type Observed<N extends MetricName> =
  | number
  | readonly { readonly value: number; readonly labels: LabelsOf<N> }[]

/** Counts and measures what one service does, under the names of the catalogue. */
export type Meter = Disposable & {
  readonly count: <N extends CounterName>(name: N, labels: LabelsOf<N>) => void
  readonly time: <N extends HistogramName>(name: N, seconds: number, labels: LabelsOf<N>) => void
  /** Asks each time that metrics are read. While it throws, the metric is left out. */
  readonly gauge: <N extends GaugeName>(name: N, read: () => Observed<N> | Promise<Observed<N>>) => void
  /** All metrics, in Prometheus' text format. */
  readonly text: () => Promise<string>
}

/** From a hit in memory to what people call hanging. */
const buckets = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10]

/** @param onFailure told when a gauge could not be read */
export const openMeter = (onFailure: (failure: unknown) => void): Meter => {
  const reader = new PrometheusExporter({ preventServerStart: true })
  const provider = new MeterProvider({ readers: [reader] })
  const meter = provider.getMeter('sallyport')
  // Without timestamps, which scrapers set themselves, and without what describes the library.
  const serializer = new PrometheusSerializer(undefined, false, undefined, true, true)
  const described = (name: MetricName) => ({ description: metricCatalogue[name].help })

  const counters = remembered((name: CounterName) => meter.createCounter(name, described(name)))
  const histograms = remembered((name: HistogramName) =>
    meter.createHistogram(name, { ...described(name), advice: { explicitBucketBoundaries: buckets } }),
  )
  const gauge: Meter['gauge'] = (name, read) => {
    const make =
      metricCatalogue[name].kind === 'counter' ? 'createObservableCounter' : 'createObservableGauge'
    meter[make](name, described(name)).addCallback(async result => {
      const found = await read()
      const all = typeof found === 'number' ? [{ value: found, labels: {} }] : found
      for (const { value, labels } of all) result.observe(value, labels)
    })
  }
  const delay = monitorEventLoopDelay()
  observeProcess(gauge, delay)
  return {
    count: (name, labels) => counters(name).add(1, labels),
    time: (name, seconds, labels) => histograms(name).record(seconds, labels),
    gauge,
    text: async () => {
      const { resourceMetrics, errors } = await reader.collect()
      for (const failure of errors) onFailure(failure)
      return serializer.serialize(resourceMetrics)
    },
    [Symbol.dispose]: () => delay.disable(),
  }
}

const observeProcess = (gauge: Meter['gauge'], delay: ReturnType<typeof monitorEventLoopDelay>): void => {
  gauge('sallyport_process_memory_bytes', () => process.memoryUsage.rss())
  gauge('sallyport_process_cpu_seconds_total', () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1e6
  })
  gauge('sallyport_event_loop_delay_seconds', () => {
    // From the first reader on: watching costs a hundred timers a second.
    delay.enable()
    const late = delay.percentile(99) / 1e9
    delay.reset()
    return late
  })
}

const remembered = <N, T>(make: (name: N) => T): ((name: N) => T) => {
  const made = new Map<N, T>()
  return name => {
    const found = made.get(name) ?? make(name)
    made.set(name, found)
    return found
  }
}
