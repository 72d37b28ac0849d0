/** One histogram of one set of labels. */

type Labels = Readonly<Record<string, string>>;

/** One line of the exposition; `metricName` is given where it differs from the family's. */
export interface Sample {
  readonly metricName?: string;
  readonly labels: Labels;
  readonly value: number;
}

/** The buckets hold only their own share and are added up when they are shown. */
export class BucketCounts {
  readonly edges: readonly number[];
  /** One more than there are edges: the last is `+Inf`. */
  readonly shares: Float64Array;
  sum = 0;

  constructor(edges: readonly number[]) {
    this.edges = edges;
    this.shares = new Float64Array(edges.length + 1);
  }

  /** From the small end: nearly every query lies in the first two buckets. */
  observe(value: number): void {
    const edges = this.edges;
    let index = 0;
    while (index < edges.length && value > (edges[index] as number)) index++;
    (this.shares[index] as number)++;
    this.sum += value;
  }

  get count(): number {
    return this.shares.reduce((count, share) => count + share, 0);
  }
}

/** The lines of a histogram. */
export function* bucketSamples(name: string, labels: Labels, counts: BucketCounts): Iterable<Sample> {
  let total = 0;
  for (const [index, share] of counts.shares.entries()) {
    total += share;
    const le = index < counts.edges.length ? String(counts.edges[index]) : "+Inf";
    yield { metricName: `${name}_bucket`, labels: { ...labels, le }, value: total };
  }
  yield { metricName: `${name}_sum`, labels, value: counts.sum };
  yield { metricName: `${name}_count`, labels, value: total };
}
