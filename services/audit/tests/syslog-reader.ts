/** A message as RFC 5424 describes it. */
export type SyslogMessage = {
  readonly facility: number
  readonly severity: number
  readonly time: string
  readonly host: string
  readonly app: string
  readonly process: string
  readonly id: string
  /** The parameters of its one element of structured data. */
  readonly data: Readonly<Record<string, string>>
  readonly text: string
}

const form =
  /^<(\d{1,3})>1 (\S+) ([!-~]{1,255}) ([!-~]{1,48}) ([!-~]{1,128}) ([!-~]{1,32}) \[sallyport@32473((?: \w+="(?:\\["\\\]]|[^"\\\]])*")*)\] (.*)$/su

/** @throws Error where a message is none */
export const readSyslog = (message: string): SyslogMessage => {
  const found = form.exec(message)
  if (!found) throw new Error(`no syslog message: ${message.slice(0, 200)}`)
  const [, priority, time = '', host = '', app = '', process = '', id = '', parameters = '', text = ''] =
    found
  const data: Record<string, string> = {}
  for (const [, name = '', value = ''] of parameters.matchAll(/ (\w+)="((?:\\.|[^"\\])*)"/gsu))
    data[name] = value.replace(/\\(["\\\]])/g, '$1')
  const [facility, severity] = [Number(priority) >> 3, Number(priority) & 7]
  return { facility, severity, time, host, app, process, id, data, text }
}

/** The messages of a stream that is framed as in RFC 5425. @throws Error where a frame is none */
export const readFrames = (stream: Buffer): string[] => {
  const messages: string[] = []
  for (let at = 0; at < stream.length; ) {
    const space = stream.indexOf(' ', at)
    const length = Number(stream.toString('latin1', at, space))
    if (space < 0 || !(length > 0) || space + 1 + length > stream.length) throw new Error(`no frame at ${at}`)
    messages.push(
      new TextDecoder('utf-8', { fatal: true }).decode(stream.subarray(space + 1, space + 1 + length)),
    )
    at = space + 1 + length
  }
  return messages
}
