/** The document in which the service says why a request failed. */
interface ProblemDocument {
  title: string;
  status: number;
  detail: string;
  code: string;
  parameter?: string | null;
  image_id?: string | null;
  request_id?: string | null;
}

/** Why a request failed, in the words of the service. `status` is 0 where no answer came. */
export class Problem extends Error {
  override name = "Problem";

  constructor(
    readonly status: number,
    readonly code: string,
    readonly title: string,
    readonly detail: string,
    readonly parameter?: string,
    readonly requestId?: string,
    readonly imageId?: string,
  ) {
    super(detail || title);
  }

  /** What the failed answer says; what comes from a proxy in between is no problem document. */
  static async of(answer: Response): Promise<Problem> {
    const body = await answer.text().catch(() => "");
    return Problem.from(answer.status, body, answer.headers.get("X-Request-Id"));
  }

  static from(status: number, body: string, requestId: string | null): Problem {
    const document = parsed(body);
    return new Problem(
      status,
      document?.code ?? "",
      document?.title ?? `HTTP ${status}`,
      document?.detail ?? "",
      document?.parameter ?? undefined,
      document?.request_id ?? requestId ?? undefined,
      document?.image_id ?? undefined,
    );
  }

  static unreachable(): Problem {
    return new Problem(0, "unreachable", "", "");
  }
}

function parsed(body: string): Partial<ProblemDocument> | undefined {
  try {
    const document: unknown = JSON.parse(body);
    return typeof document === "object" && document !== null ? document : undefined;
  } catch {
    return undefined;
  }
}
