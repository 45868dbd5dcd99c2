# Each word is a figure of a dance; "stop", or any other word, ends the one that is danced.

from tympan_robot.console import say

# steps: (mm, 0) goes so far, (0, degrees) turns
FIGURES = {
    "go": ((100, 0), (-100, 0), (100, 0), (-100, 0)),
    "left": ((0, 90), (0, -90), (0, 360)),
    "right": ((0, -90), (0, 90), (0, -360)),
    "up": ((60, 0), (0, 45), (60, 0), (0, -90), (60, 0), (0, 45)),
    "down": ((-60, 0), (0, 45), (-60, 0), (0, -90), (-60, 0), (0, 45)),
    "yes": ((30, 0), (-30, 0)) * 3,
    "no": ((0, 30), (0, -60), (0, 30)),
}


def dance(robot, figure):
    # the word that interrupted it, or None
    for mm, degrees in figure:
        if mm:
            robot.forward(mm)
        else:
            robot.turn(degrees)
        word = robot.wait()
        if word:
            robot.stop()
            return word
    return None


def run(robot):
    word = None
    while True:
        word = word or robot.listen()
        if word:
            say("@move", word)
            word = dance(robot, FIGURES.get(word, ()))
