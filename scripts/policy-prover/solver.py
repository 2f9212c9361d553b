#!/usr/bin/env python3
"""The solver cvc5 on a pipe, by its Python bindings (`pip install cvc5`), where its own program is not to be had.

Name this file in the variable CVC5. It reads SMT-LIB commands and answers each, as `cvc5 --lang smt` does.
"""

import sys

import cvc5


def fresh(arguments):
    """A solver as at the beginning, and what runs one command of text on it."""
    terms = cvc5.TermManager()
    solver = cvc5.Solver(terms)
    for argument in arguments:
        name, _, value = argument.partition("=")
        if name == "--tlimit":
            solver.setOption("tlimit-per", value)
    symbols = cvc5.SymbolManager(terms)
    parser = cvc5.InputParser(solver, symbols)

    def run(text):
        parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, text, "stdin")
        while not (command := parser.nextCommand()).isNull():
            answer = command.invoke(solver, symbols)
            if answer:
                print(answer.rstrip("\n"), flush=True)
            if command.getCommandName() == "exit":
                sys.exit(0)

    return run


def is_whole(text):
    """Whether every bracket of a command is closed, outside of strings, quoted names and comments."""
    if not any(mark in text for mark in '"|;'):
        return text.count("(") == text.count(")")
    depth, until = 0, None
    for letter in text:
        if until:
            until = None if letter == until else until
        elif letter in '"|;':
            until = "\n" if letter == ";" else letter
        else:
            depth += (letter == "(") - (letter == ")")
    return depth == 0 and until is None


def main():
    run = fresh(sys.argv[1:])
    waiting = ""
    for line in sys.stdin:
        waiting += line
        if not is_whole(waiting):
            continue
        if waiting.strip() == "(reset)":
            run = fresh(sys.argv[1:])
        else:
            run(waiting)
        waiting = ""


if __name__ == "__main__":
    main()
