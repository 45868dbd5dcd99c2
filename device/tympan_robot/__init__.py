# The robot's own modules. A program imports what it needs of them: from tympan_robot.console import say
