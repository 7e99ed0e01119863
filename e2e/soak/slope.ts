/** A line through points, and how far to either side its slope may be off: twice its standard error. */
export type Slope = { readonly perHour: number; readonly offBy: number }

type Point = { readonly at: number; readonly value: number }

const hourMs = 3_600_000

/** Least squares. `at` in milliseconds. */
export const slopeOf = (points: readonly Point[]): Slope => {
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length
  const [at, value] = [mean(points.map(point => point.at)), mean(points.map(point => point.value))]
  const spread = points.reduce((sum, point) => sum + (point.at - at) ** 2, 0)
  const slope = points.reduce((sum, point) => sum + (point.at - at) * (point.value - value), 0) / spread
  const residuals = points.reduce(
    (sum, point) => sum + (point.value - value - slope * (point.at - at)) ** 2,
    0,
  )
  const error = Math.sqrt(residuals / (points.length - 2) / spread)
  return { perHour: slope * hourMs, offBy: 2 * error * hourMs }
}
