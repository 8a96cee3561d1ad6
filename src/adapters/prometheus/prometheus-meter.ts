/** Counts in the format of Prometheus. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Meter } from '../../core/meter.ts';

/** What is read when somebody looks. */
export interface Gauges {
  engagedStops(): number;
  isPolicyBroken(): boolean;
}

export function prometheusMeter(gauges: Gauges): Meter {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const issued = new Counter({ name: 'hallpass_tokens_issued_total', help: 'Tokens issued, for tools and for the broker\'s own API.', labelNames: ['kind'], registers });
  const denied = new Counter({ name: 'hallpass_tokens_denied_total', help: 'Requests for tokens that were denied, by the first reason.', labelNames: ['reason'], registers });
  const answered = new Histogram({
    name: 'hallpass_http_request_duration_seconds', help: 'Time from a request to its answer.', labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5], registers,
  });
  const stops: Gauge = new Gauge({ name: 'hallpass_stops_engaged', help: 'Stops that are engaged now.', registers, collect: () => stops.set(gauges.engagedStops()) });
  const broken: Gauge = new Gauge({ name: 'hallpass_policy_broken', help: '1 while the grants folder is broken and the last good policy is in force.', registers, collect: () => broken.set(gauges.isPolicyBroken() ? 1 : 0) });
  return {
    issued: (kind) => issued.inc({ kind }),
    denied: (reason) => denied.inc({ reason }),
    answered: ({ method, route, status, seconds }) => answered.observe({ method, route, status: String(status) }, seconds),
    render: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}
