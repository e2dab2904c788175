/** Counters for /metrics (Prometheus text format): one registry per App, so that two Apps in one test process don't mix. */
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'

export interface Metrics {
  readonly registry: Registry
  readonly delivered: Counter<'outcome'>
  readonly outboxReports: Counter<'outcome'>
  readonly signIns: Counter<'protocol' | 'outcome'>
  /** Open sessions are read when somebody asks for the metrics. */
  observeSessions(protocol: string, read: () => number): void
  /** Whether Redis, over which the nodes ring each other, can be reached. */
  observeRedis(isUp: () => boolean): void
  readonly deliverySeconds: Histogram
  readonly ingressRestarts: Counter
  readonly unanswered: Counter<'service'>
  readonly trained: Counter<'kind' | 'outcome'>
}

export function createMetrics(): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const sessions = new Map<string, () => number>()
  new Gauge({
    name: 'congvu_sessions',
    help: 'Open sessions',
    labelNames: ['protocol'],
    registers,
    collect() {
      for (const [protocol, read] of sessions) this.set({ protocol }, read())
    },
  })
  return {
    registry,
    observeSessions: (protocol, read) => void sessions.set(protocol, read),
    observeRedis(isUp) {
      new Gauge({ name: 'congvu_redis_up', help: '1 while Redis answers', registers, collect() { this.set(isUp() ? 1 : 0) } })
    },
    delivered: new Counter({ name: 'congvu_deliveries_total', help: 'Messages that core took or refused, by outcome', labelNames: ['outcome'], registers }),
    outboxReports: new Counter({ name: 'congvu_outbox_reports_total', help: 'What became of outgoing mail', labelNames: ['outcome'], registers }),
    signIns: new Counter({ name: 'congvu_sign_ins_total', help: 'Sign-ins by protocol and outcome', labelNames: ['protocol', 'outcome'], registers }),
    deliverySeconds: new Histogram({
      name: 'congvu_delivery_seconds',
      help: 'From the last byte of a message to its commit',
      buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
      registers,
    }),
    ingressRestarts: new Counter({ name: 'congvu_ingress_restarts_total', help: 'Times the ingress process had to be started again', registers }),
    unanswered: new Counter({ name: 'congvu_checks_unanswered_total', help: 'Messages a configured scanner gave no answer for', labelNames: ['service'], registers }),
    trained: new Counter({ name: 'congvu_spam_training_total', help: 'Messages that were moved into or out of Junk, by what the spam filter made of them', labelNames: ['kind', 'outcome'], registers }),
  }
}
