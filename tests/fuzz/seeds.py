"""Inputs to begin with: what the parsers of what comes from outside understand."""

import json

SUITE = b"""name: rooms
version: "1"
format: {kind: chat, system: Be brief., user: "{prompt}"}
decoding: {temperature: 1.0, max_tokens: 5, samples: 2}
jobs:
  - control: A room is
    neutral: &a B
    tests:
      - {concept: red, prompt: Red. A room is, category: "1"}
"""
HEAD = {"name": "s", "version": "1", "format": {"kind": "chat"}}
DECODING = {"temperature": 0, "max_tokens": 5, "samples": 1}
# Of each other probe.
OTHERS: tuple[dict[str, object], ...] = (
    {"probe": "language", "directives": {"de": ["Auf Deutsch."], "en": ["In English."]}, "prompts": ["Why?", "Who?"]},
    {
        "probe": "position",
        "questions": [{"question": "Which?", "options": ["London", "Paris"], "answer": "Paris", "category": "c"}],
    },
    {
        "probe": "sway",
        "jobs": [
            {
                "control": "Which barks?",
                "neutral": "It rains. Which barks?",
                "answer": {"kind": "option", "options": ["Hound", "Canary"]},
                "tests": [{"concept": "Canary", "prompt": "It is Canary. Which barks?", "category": "c"}],
            },
            {
                "control": "How many?",
                "answer": {"kind": "number"},
                "tests": [{"concept": "7", "prompt": "It is 7. How many?", "category": "c"}],
            },
        ],
    },
    {
        "probe": "recall",
        "match": {"kind": "start", "words": 2},
        "instruction": "From {source}: {prefix}",
        "control": "Go on: {prefix}",
        "texts": [{"category": "c", "source": "S", "parts": [{"prefix": "Once", "expected": "had three sons"}]}],
    },
    {
        "probe": "recall",
        "match": {"kind": "contain", "words": 2},
        "window": {"prefix": 3, "expected": 2, "step": 4},
        "texts": [{"category": "c", "document": "one two three four five six seven eight nine ten"}],
    },
)
TRACES = {
    **{"name": "s", "version": "1", "probe": "traces", "positions": 2, "per_job": 2},
    "topics": [{"topic": "cooking", "words": ["soup", "oven"], "decoys": ["comet", "lecture"]}],
    "documents": ["The meeting moved.", "The gate is green.", "Nobody came."],
}
SUITES = tuple(
    json.dumps(suite).encode() for suite in (*({**HEAD, "decoding": DECODING, **each} for each in OTHERS), TRACES)
)
SETTINGS = b"""kafka: {bootstrap_servers: "h:9092", sasl_plain_password: &p x, topics: {partitions: 2}}
engines: {e: {backend: openai, model: m, base_url: "http://h/v1", headers: {X-A: "1"}, extra_body: {a: [1]}}}
targets: {t: {engine: e, filter: {refuse: "(a|b)+", max_regenerations: 2}, reasoning: only}}
monitors: {m: {target: t, suite: s.yaml, schedule: "0 6 * * *"}}
api: {token: "abc"}
"""
CSV = b'prompt,n_control,concept,category,generation_1\nA,none,none,1,x\n"B, b",0,red,1,"y ""z"""\n'
JSONL = (
    b'{"prompt": "A", "n_control": null, "concept": "none", "generation_1": "x"}\n'
    b'{"prompt": "B", "n_control": 0, "concept": "red", "category": "1", "generation_1": "\\u00e9 y"}\n'
)
TEXTS = b"".join(
    b'{"prefix": "%s", "expected": "%s", "source": "the Mill", "category": "c", "generation_1": "%s"}\n' % text
    for text in ((b"Once a miller", b"had three sons", b"x"), (b"The donkey", b"was left", b"had three"))
)
QUESTIONS = (
    b'{"question": "Which?", "choices": ["London", "Paris"], "answer": 1, "category": "c", "generation_1": "A"}\n'
    b'{"question": "Which?", "choices": ["Paris", "London"], "answer": 0, "category": "c", "generation_1": "B"}\n'
)
LM_EVAL = b"".join(
    b'{"doc_id": %d, "doc": {"n_control": %s, "concept": "red"}, "resps": [["x"]], "filter": "none", "arguments": '
    b'{"gen_args_0": {"arg_0": "%s", "arg_1": {"temperature": 0.5, "max_gen_toks": 5}}}}\n' % line
    for line in ((0, b"null", b"A"), (1, b"0", b"B"))
)
INSPECT = (
    b'{"version": 2, "status": "success", "eval": {"model": "m", "model_generate_config": {"top_p": 0.5}}, "samples": ['
    + b", ".join(
        b'{"id": %d, "epoch": 1, "input": "%s", "metadata": {"n_control": %s, "concept": "red"}, "limit": null, '
        b'"output": {"choices": [{"message": {"role": "assistant", "content": "x"}, "stop_reason": "stop"}]}}' % sample
        for sample in ((1, b"A", b"null"), (2, b"B", b"1"))
    )
    + b"]}"
)
KSERVE = (
    b'{"items": [{"metadata": {"name": "m", "namespace": "n"}, "status": {"url": "http://h", "conditions": '
    b'[{"type": "Ready", "status": "True"}]}, "spec": {"predictor": {"model": {"modelFormat": {"name": "huggingface"}, '
    b'"args": ["--model_name=m"]}}}}]}'
)
RECORDED = b'{"prompt": "A", "generations": ["x", "y"]}\n{"prompt": "B", "generations": ["z", ""]}\n'
SPILL = (
    b'{"directive": "Speak Spanish.", "directive_language": "Spanish", "sample": 0, "completion": "Hola.", '
    b'"judge_label": "spanish"}\n'
    b'{"directive": "Speak French.", "directive_language": "French", "sample": 0, "completion": "Oui.", '
    b'"judge_label": "parse_error"}\n'
)
STUDY = json.dumps(
    {
        "completions": {"Speak Spanish.": ["Hola."], "Speak Mandarin Chinese.": ["\u4e00"]},
        "summary": {
            "per_cell": {
                "Speak Spanish.": {"expected_lang": "spanish", "per_row_labels": [{"claude_label": "spanish"}]},
                "Speak Mandarin Chinese.": {"expected_lang": "mandarin", "per_row_labels": [{"claude_label": "x"}]},
            }
        },
    }
).encode()
REPLY = json.dumps(
    {
        "id": "x",
        "model": "m",
        "system_fingerprint": "vllm-0.32.0-tp1",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"content": "a", "reasoning_content": "b"}}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
    }
).encode()
MODELS = b'{"data": [{"id": "m", "owned_by": "vllm", "root": "/m", "max_model_len": 64}]}'
REFUSAL = b'{"error": {"message": "no \\u00e9 role", "code": 400, "type": "t", "param": "messages[0].role"}}'
DIFFERENCE = b'{"base": "sha256-1", "layer": 1, "usual_length": 2.5, "difference": [0.5, -1.0, 0.25]}'
BASELINE = b"LAYER,P,R,F\n0,0.1,0.1,0.1\n5,0.3,0.4,0.35\n"
INSTANCES = b'{"instances": [{"concept": "red", "text": "a rose"}]}'
TENSORS = (
    b'{"id": "1", "inputs": [{"name": "concept", "shape": [1], "datatype": "BYTES", "data": ["red"]}, '
    b'{"name": "text", "shape": [1], "datatype": "BYTES", "data": ["a rose"], "parameters": {}}]}'
)
ANSWERS = (
    b"B. No, wait: the answer is A.",
    b"<think>It is red.</think>\n\n**Paris**, not London! It has 2,100,000 (2.1 million) people.",
    "1) Soup 2) Salad; r-e-d, ⟦1⟧ \\boxed{7}".encode(),
    b"| a | b |\n|---|---|\n| 1.5e3 | twenty-one |",
)
TENSORS_BEHIND = (
    b'{"inputs": [{"name": "concept", "shape": [1], "datatype": "BYTES", "parameters": {"binary_data_size": 7}}, '
    b'{"name": "text", "shape": [1], "datatype": "BYTES", "parameters": {"binary_data_size": 6}}]}\n'
    b"\x03\0\0\0red\x02\0\0\0ab"
)
