"""Findings and errors as machine-readable answers. Their keys are part of the contract and never translated."""

from distributor.errors import DistributorError, Problem

Document = dict[str, object]


def problem_document(problem: Problem) -> Document:
    """One finding. `paragraph` and `near` place it in a Word document, `line` and `column` in any other file."""
    return {
        "code": problem.code,
        "grade": problem.grade,
        "file": problem.place.file,
        "line": problem.place.line,
        "column": problem.place.column,
        "paragraph": problem.place.paragraph,
        "near": problem.place.near,
        "what": str(problem.what),
        "do": str(problem.do) if problem.do else None,
    }


def error_document(error: DistributorError) -> Document:
    """An error, with the findings it stands for."""
    return {
        "code": error.code,
        "what": str(error.what),
        "do": str(error.do) if error.do else None,
        "place": str(error.place) if error.place else None,
        "problems": [problem_document(problem) for problem in error.problems],
    }
